using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Monitoring;

/// <summary>Jobs of which a backend tells after their run was ended.</summary>
public sealed class StrayJobTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Acceptance_WhenAnotherServerHasEndedTheRunAsNotStarted_TheJobIsStopped()
    {
        await using var slow = await TestWorld.StartAsync();
        var answer = new TaskCompletionSource();
        slow.Backend.OnSubmit = async (job, _) =>
        {
            await answer.Task;
            return slow.Backend.Start(job);
        };
        slow.Backend.OnFind = _ => new FindOutcome(FindOutcomeKind.NotFound) { Certain = true };
        var run = await slow.SubmitAsync(untilSent: false);
        await TestWorld.UntilAsync(() => slow.Backend.Arrived.Count == 1);
        await slow.Jobs.StopAsync(run.Id, false, TestWorld.Root, Token);
        await using (var other = await TestWorld.StartAsync(slow, serverName: "two"))
        {
            await other.PassAsync(TimeSpan.FromMinutes(5));
            Assert.Equal(RunStatus.Aborted, (await other.RunAsync(run.Id)).Status);
        }

        answer.SetResult();

        await TestWorld.UntilAsync(() => slow.Backend.Stops.Any(s => s.Marker == run.Marker && s.Mode == StopMode.Hard));
        Assert.Equal(RunStatus.Aborted, (await slow.RunAsync(run.Id)).Status);
    }
}
