using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Tests.Contracts;

namespace Ascob.Tests.Backends.Rundeck;

public sealed class RundeckBackendAdapterContractTests : BackendAdapterContract, IAsyncLifetime
{
    private RundeckWorld _world = null!;

    protected override IBackendAdapter Adapter => _world.Adapter;

    protected override JobSpec ShortJob => JobSpec.Builder("ann").WithLabel("rundeck_project_name", "web").WithLabel("rundeck_job_group", "team/tools").WithLabel("rundeck_job_name", "short").Build();

    protected override JobSpec LongJob => RundeckWorld.Spec(RundeckWorld.Long);

    protected override JobSpec ImpossibleJob => JobSpec.Builder("ann").WithLabel("rundeck_job_name", "short").Build();

    public async ValueTask InitializeAsync() => _world = await RundeckWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    protected override Task PassTimeAsync()
    {
        _world.Time.Advance(TimeSpan.FromMilliseconds(5));
        return Task.CompletedTask;
    }
}
