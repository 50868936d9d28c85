using Ascob.Core.Backends;
using Ascob.Core.Definitions;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Definitions;

public sealed class ExpectedTimesTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LookAsync_WhenARunTakesLongerThanItsDefinitionSays_TellsOnce_AlsoOverTwoServers()
    {
        await using var world = await TestWorld.StartAsync();
        await DefineAsync(world, expectedSeconds: 60);
        var run = await StartAsync(world);

        Assert.Equal(0, await LookAfterAsync(world, TimeSpan.FromSeconds(59)));
        Assert.Equal(1, await LookAfterAsync(world, TimeSpan.FromSeconds(6)));
        Assert.Equal(0, await LookAfterAsync(world, TimeSpan.FromSeconds(60)));

        // Another server, or the next life of this one, finds the event.
        await using var other = await TestWorld.StartAsync(world, serverName: "two");
        Assert.Equal(0, await other.Get<ExpectedTimes>().LookAsync(Stop));
        var told = Assert.Single(await world.EventsAsync(run.Id), e => e.Type == RunEventTypes.Longer);
        Assert.Equal(("60", "definition", RunStatus.Running), (told.Data!["expectedSeconds"], told.Data["by"], told.To));
    }

    [Fact]
    public async Task LookAsync_TellsOfThoseThatAreDueOnly_AndOfTheOthersWhenTheyAre()
    {
        await using var world = await TestWorld.StartAsync();
        await DefineAsync(world, expectedSeconds: 60);
        var first = await StartAsync(world);
        var second = await StartAsync(world);

        Assert.Equal(1, await LookAfterAsync(world, TimeSpan.FromSeconds(50)));
        Assert.Equal(1, await LookAfterAsync(world, TimeSpan.FromSeconds(50)));
        Assert.Equal(0, await LookAfterAsync(world, TimeSpan.FromSeconds(50)));

        foreach (var run in new[] { first, second })
        {
            Assert.Single(await world.EventsAsync(run.Id), e => e.Type == RunEventTypes.Longer);
        }
    }

    [Fact]
    public async Task LookAsync_WithoutAWord_GoesByTheHistoryOfTheDefinition()
    {
        await using var world = await TestWorld.StartAsync();
        await DefineAsync(world, expectedSeconds: null);
        for (var i = 0; i < ExpectedTimes.LeastHistory; i++)
        {
            await EndAsync(world, await StartAsync(world), TimeSpan.FromSeconds(100));
        }

        var run = await StartAsync(world);

        Assert.Equal(0, await LookAfterAsync(world, TimeSpan.FromSeconds(145)));
        Assert.Equal(1, await LookAfterAsync(world, TimeSpan.FromSeconds(10)));
        Assert.Equal("history", Assert.Single(await world.EventsAsync(run.Id), e => e.Type == RunEventTypes.Longer).Data!["by"]);
    }

    [Fact]
    public async Task LookAsync_WithTooLittleHistory_TellsNothing()
    {
        await using var world = await TestWorld.StartAsync();
        await DefineAsync(world, expectedSeconds: null);
        await EndAsync(world, await StartAsync(world), TimeSpan.FromSeconds(30));
        await StartAsync(world);

        Assert.Equal(0, await LookAfterAsync(world, TimeSpan.FromDays(1)));
    }

    [Theory]
    [InlineData(4, null)]
    [InlineData(5, 30.0)]
    [InlineData(100, 142.5)]
    public void Usual_IsNearlyAllOfThemAndAHalf(int runs, double? seconds)
    {
        var usual = ExpectedTimes.Usual([.. Enumerable.Range(1, runs).Select(i => TimeSpan.FromSeconds(i))]);

        Assert.Equal(seconds, usual?.Time.TotalSeconds);
    }

    [Fact]
    public async Task LookAsync_WhenItsBackendLetsARunWait_TellsByTheTimeOfItsSubmission()
    {
        await using var world = await TestWorld.StartAsync();
        await DefineAsync(world, expectedSeconds: 60);
        var launched = await world.Get<DefinitionLauncher>().LaunchAsync(new LaunchRequest { Name = "job" }, TestWorld.Root, Stop);
        Assert.True(launched.IsSuccess, launched.Error?.Message);
        await world.IdleAsync();
        Assert.Equal(RunStatus.Submitted, (await world.RunAsync(launched.Value.RunId)).Status);

        Assert.Equal(0, await LookAfterAsync(world, TimeSpan.FromSeconds(55)));
        Assert.Equal(1, await LookAfterAsync(world, TimeSpan.FromSeconds(10)));

        Assert.Equal(RunStatus.Submitted, Assert.Single(await world.EventsAsync(launched.Value.RunId), e => e.Type == RunEventTypes.Longer).To);
    }

    private static async Task DefineAsync(TestWorld world, int? expectedSeconds)
    {
        var content = new DefinitionContent { JobSpec = TestWorld.Job().Build(), ExpectedSeconds = expectedSeconds };
        var made = await world.Get<DefinitionService>().CreateAsync(new CreateDefinition("job", content), TestWorld.Root, Stop);
        Assert.True(made.IsSuccess, made.Error?.Message);
    }

    private static async Task<Run> StartAsync(TestWorld world)
    {
        var launched = await world.Get<DefinitionLauncher>().LaunchAsync(new LaunchRequest { Name = "job" }, TestWorld.Root, Stop);
        Assert.True(launched.IsSuccess, launched.Error?.Message);
        await world.IdleAsync();
        var run = await world.RunAsync(launched.Value.RunId);
        world.Backend.Jobs[run.Marker] = new BackendReport { Marker = run.Marker, State = BackendState.Running };
        await world.PassAsync(TimeSpan.FromSeconds(15));
        run = await world.RunAsync(run.Id);
        Assert.Equal(RunStatus.Running, run.Status);
        return run;
    }

    private static async Task EndAsync(TestWorld world, Run run, TimeSpan after)
    {
        world.Backend.Jobs[run.Marker] = new BackendReport { Marker = run.Marker, State = BackendState.Succeeded };
        await world.PassAsync(after);
        Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
    }

    private static async Task<int> LookAfterAsync(TestWorld world, TimeSpan time)
    {
        world.Time.Advance(time);
        return await world.Get<ExpectedTimes>().LookAsync(Stop);
    }
}
