using System.Text;
using Ascob.Core.Backends;
using Ascob.Core.Files;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>Input files that lie in the data directory of another server.</summary>
public sealed class AbsentFileTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhenAnInputFileIsNotHere_NothingIsSentUntilItIs()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync(TestWorld.Job().WithManualStart().Build());
        using var content = new MemoryStream(Encoding.UTF8.GetBytes("a,b"));
        Assert.True((await world.Jobs.SaveFileAsync(run.Id, "data.csv", content, TestWorld.Root, Token)).IsSuccess);
        var path = await world.Get<IRunFileStore>().LocateAsync(run.Id, "data.csv", Token);
        File.Move(path, path + ".elsewhere");

        Assert.True((await world.Jobs.StartAsync(run.Id, TestWorld.Root, Token)).IsSuccess);
        for (var i = 0; i < 30; i++)
        {
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        var waiting = await world.RunAsync(run.Id);
        Assert.Equal(RunStatus.PendingSubmit, waiting.Status);
        Assert.Equal("the input file 'data.csv' is not to be had at server 'one'", waiting.StatusReason);
        Assert.Equal(CircuitState.Closed, world.Entry.Condition.Circuit);
        Assert.Empty(world.Backend.Arrived);
        File.Move(path + ".elsewhere", path);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Single(world.Backend.Arrived);
    }
}
