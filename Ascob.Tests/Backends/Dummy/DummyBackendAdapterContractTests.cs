using Ascob.Backends.Dummy;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Timing;
using Ascob.Tests.Contracts;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.Dummy;

public sealed class DummyBackendAdapterContractTests : BackendAdapterContract
{
    private readonly FakeTimeProvider _time = new();
    private readonly DummyBackendAdapter _adapter;

    public DummyBackendAdapterContractTests() => _adapter = new DummyBackendAdapter("dummy", new MonotonicClock(_time));

    protected override IBackendAdapter Adapter => _adapter;

    protected override JobSpec ShortJob => new() { Labels = new Dictionary<string, string> { ["dummy_delay_ms"] = "10", ["dummy_run_ms"] = "20" } };

    protected override JobSpec LongJob => new() { Labels = new Dictionary<string, string> { ["dummy_result"] = "hang" } };

    protected override JobSpec ImpossibleJob => new() { Labels = new Dictionary<string, string> { ["dummy_result"] = "maybe" } };

    protected override Task PassTimeAsync()
    {
        _time.Advance(TimeSpan.FromMilliseconds(5));
        return Task.CompletedTask;
    }
}
