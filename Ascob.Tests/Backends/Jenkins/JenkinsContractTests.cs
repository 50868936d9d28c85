using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Tests.Contracts;

namespace Ascob.Tests.Backends.Jenkins;

public sealed class JenkinsContractTests : BackendAdapterContract, IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    protected override IBackendAdapter Adapter => _world.Adapter;

    protected override JobSpec ShortJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team/short").Build();

    protected override JobSpec LongJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team/long").Build();

    protected override JobSpec ImpossibleJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team//short").WithParameter("token", "x").Build();

    public async ValueTask InitializeAsync()
    {
        _world = await JenkinsWorld.StartAsync();
        _world.Jenkins.AddMarked("team/short");
        _world.Jenkins.AddMarked("team/long").RunTime = null;
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    protected override Task PassTimeAsync()
    {
        _world.Time.Advance(TimeSpan.FromMilliseconds(500));
        return Task.CompletedTask;
    }
}
