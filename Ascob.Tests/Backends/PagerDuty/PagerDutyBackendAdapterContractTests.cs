using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Tests.Contracts;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutyBackendAdapterContractTests : BackendAdapterContract, IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private PagerDutyWorld _world = null!;
    private IBackendAdapter _adapter = null!;

    protected override IBackendAdapter Adapter => _adapter;

    protected override JobSpec ShortJob => PagerDutyWorld.Invoke();

    protected override JobSpec LongJob => PagerDutyWorld.Invoke("FOREVER");

    protected override JobSpec ImpossibleJob => PagerDutyWorld.Invoke("no/id");

    public async ValueTask InitializeAsync()
    {
        _world = await PagerDutyWorld.StartAsync(_time);
        _world.Server.AddAction("FOREVER", "stays", TimeSpan.Zero, null);
        _adapter = _world.Own();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    protected override Task PassTimeAsync()
    {
        _time.Advance(TimeSpan.FromMilliseconds(5));
        return Task.CompletedTask;
    }
}
