using Ascob.Core.Backends;
using Ascob.Demo.Jenkins;

namespace Ascob.Tests.Backends.Jenkins;

public sealed class JenkinsStopTests : IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    private PretendJenkins Jenkins => _world.Jenkins;

    public async ValueTask InitializeAsync() => _world = await JenkinsWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Stop_WhileQueued_TakesTheItemOutAndNoBuildStarts()
    {
        var app = Jenkins.AddMarked("app");
        var run = await _world.AcceptedAsync("app");

        var stop = await StopAsync(run);
        _world.Time.Advance(TimeSpan.FromSeconds(10));
        var report = await _world.StatusAsync(run);

        Assert.True(stop.Asked, stop.Reason);
        Assert.Equal((BackendState.Aborted, "CANCELLED"), (report.State, report.Word));
        Assert.Empty(Jenkins.BuildsOf(app));
    }

    [Theory]
    [InlineData(204)]
    [InlineData(302)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task Pitfall14_WhenTheItemBecomesABuildAtThatMoment_TheBuildIsStopped(int answered)
    {
        var app = Jenkins.AddMarked("app");
        app.RunTime = null;
        var run = await _world.AcceptedAsync("app");
        _world.Before("POST", "/queue/cancelItem", context =>
        {
            _world.Time.Advance(TimeSpan.FromSeconds(2));
            context.Response.StatusCode = answered;
            return Task.CompletedTask;
        });

        var stop = await StopAsync(run);

        Assert.True(stop.Asked, stop.Reason);
        Assert.Equal("ABORTED", Assert.Single(Jenkins.BuildsOf(app)).Result);
    }

    [Fact]
    public async Task Stop_WhenTheAnswerIsADoneDeal_TheStatusTellsTheEnd()
    {
        var app = Jenkins.AddMarked("app");
        var (run, _) = await _world.RunningAsync(app);
        _world.Time.Advance(TimeSpan.FromSeconds(2));

        var stop = await StopAsync(run);

        Assert.True(stop.Asked);
        Assert.Equal(BackendState.Succeeded, (await _world.StatusAsync(run)).State);
    }

    [Fact]
    public async Task Pitfall13_WhenAFreestyleBuildIsStoppedHard_ItIsAskedToStop()
    {
        var app = Jenkins.AddMarked("app");
        app.RunTime = null;
        var (run, build) = await _world.RunningAsync(app);

        var stop = await StopAsync(run, StopMode.Hard);

        Assert.True(stop.Asked, stop.Reason);
        Assert.Equal("ABORTED", build.Result);
    }

    [Fact]
    public async Task Pitfall13_APipelineThatWillNotEnd_IsTerminatedAndOnlyThenKilled()
    {
        var app = Jenkins.AddMarked("app");
        (app.IsPipeline, app.RunTime, app.EndsOn) = (true, null, "term");
        var (run, build) = await _world.RunningAsync(app);

        var soft = await StopAsync(run);
        var after = await _world.StatusAsync(run);
        var hard = await StopAsync(run, StopMode.Hard);

        Assert.Equal((true, BackendState.Running, true), (soft.Asked, after.State, hard.Asked));
        Assert.Equal((0, "ABORTED"), (Jenkins.RequestsTo("POST /job/app/1/kill"), build.Result));
        Assert.Equal(1, Jenkins.RequestsTo("POST /job/app/1/term"));
    }

    [Fact]
    public async Task Pitfall13_APipelineThatDoesNotEvenTerminate_IsKilledAfterAWhile()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var app = Jenkins.AddMarked("app");
        (app.IsPipeline, app.RunTime, app.EndsOn) = (true, null, "kill");
        var (run, build) = await _world.RunningAsync(app);
        using var adapter = _world.NewAdapter(clock);

        await adapter.StopAsync(run, StopMode.Hard, JenkinsWorld.Token);
        await adapter.StopAsync(run, StopMode.Hard, JenkinsWorld.Token);
        Assert.Null(build.EndedAt);
        clock.Advance(TimeSpan.FromSeconds(15));
        await adapter.StopAsync(run, StopMode.Hard, JenkinsWorld.Token);

        Assert.Equal((2, 1, "ABORTED"), (Jenkins.RequestsTo("POST /job/app/1/term"), Jenkins.RequestsTo("POST /job/app/1/kill"), build.Result));
    }

    [Fact]
    public async Task Stop_WhenTheRightIsMissing_SaysWhich()
    {
        var app = Jenkins.AddMarked("app");
        app.RunTime = null;
        Jenkins.LackingRights.Add("Job/Cancel");
        var queued = await _world.AcceptedAsync("app");

        var item = await StopAsync(queued);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        var build = await StopAsync(queued);

        Assert.All([item, build], s => Assert.Equal((false, "Jenkins' user ascob may not stop it (right Job/Cancel)"), (s.Asked, s.Reason)));
    }

    [Fact]
    public async Task Stop_WhenThereIsNeitherItemNorBuild_SaysSo()
    {
        Jenkins.AddMarked("app");
        var run = await _world.AcceptedAsync("app");
        await StopAsync(run);
        _world.Time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal((false, "Jenkins has neither a queue item nor a build of this run"), await OfAsync(run));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task Stop_WhenTheOrderDoesNotArrive_IsAskedAgainLater(int status)
    {
        var app = Jenkins.AddMarked("app");
        app.RunTime = null;
        var (run, build) = await _world.RunningAsync(app);
        _world.Answer("POST", "/", status, "<html>");

        var stop = await StopAsync(run);

        Assert.False(stop.Asked);
        Assert.False(string.IsNullOrWhiteSpace(stop.Reason));
        Assert.Null(build.EndedAt);
    }

    private async Task<(bool Asked, string? Reason)> OfAsync(BackendRunRef run)
    {
        var stop = await StopAsync(run);
        return (stop.Asked, stop.Reason);
    }

    private Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode = StopMode.Soft) => _world.Adapter.StopAsync(run, mode, JenkinsWorld.Token);
}
