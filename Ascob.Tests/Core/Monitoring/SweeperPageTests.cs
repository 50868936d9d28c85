using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Monitoring;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Monitoring;

/// <summary>Many runs that wait for one backend, and one that waits for another.</summary>
public sealed class SweeperPageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhenOneBackendHangs_ItsWaitingRunsDoNotHideThoseOfAnother()
    {
        var other = new ScriptedBackend("other");
        await using var world = await TestWorld.StartAsync(
            engine: o => o.MaxQueuedSubmissions = 0, others: [(other, new BackendOptions { Type = "Scripted" })]);
        var hang = new TaskCompletionSource();
        world.Backend.OnSubmit = async (job, _) =>
        {
            await hang.Task;
            return world.Backend.Start(job);
        };
        await Task.WhenAll(Enumerable.Range(0, 450).Select(_ => world.SubmitAsync(untilSent: false)));
        await world.SubmitAsync(JobSpec.Builder("ann").WithLabel("_execution_backend_id", "other").Build(), untilSent: false);

        var swept = 0;
        for (var i = 0; i < 4; i++)
        {
            swept = await world.Get<Sweeper>().SweepAsync(Token);
        }

        Assert.Equal(0, swept);
        await TestWorld.UntilAsync(() => other.Arrived.Count == 1);
        hang.SetResult();
        await world.LookAsync();
        Assert.Equal(450, world.Backend.Jobs.Count);
        Assert.Empty(world.Backend.StartedTwice);
    }
}
