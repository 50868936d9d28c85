using Hangfire;
using Hangfire.Storage;

namespace Ascob.Tests.Robustness;

/// <summary>A Hangfire storage that is lost.</summary>
internal sealed class BrokenJobStorage : JobStorage
{
    private int _asked;

    public int Asked => _asked;

    public override IMonitoringApi GetMonitoringApi() => throw Lost();

    public override IStorageConnection GetConnection() => throw Lost();

    private InvalidOperationException Lost()
    {
        Interlocked.Increment(ref _asked);
        return new InvalidOperationException("The storage is lost.");
    }
}
