using Ascob.Backends.Jenkins;
using Ascob.Core.Backends;
using Ascob.Demo.Jenkins;

namespace Ascob.Tests.Backends.Jenkins;

public sealed class JenkinsStatusTests : IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    private PretendJenkins Jenkins => _world.Jenkins;

    public async ValueTask InitializeAsync() => _world = await JenkinsWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("SUCCESS", BackendState.Succeeded)]
    [InlineData("UNSTABLE", BackendState.Failed)]
    [InlineData("FAILURE", BackendState.Failed)]
    [InlineData("ABORTED", BackendState.Aborted)]
    [InlineData("NOT_BUILT", BackendState.Aborted)]
    [InlineData(null, BackendState.Unreachable)]
    [InlineData("GLORIOUS", BackendState.Unreachable)]
    public async Task Pitfall08_EveryResult_HasItsMeaning_AndNewWordsEndNothing(string? result, BackendState expected)
    {
        var app = Jenkins.AddMarked("app");
        app.Result = result;
        var (run, _) = await _world.RunningAsync(app);
        _world.Time.Advance(TimeSpan.FromSeconds(2));

        var report = await _world.StatusAsync(run);

        Assert.Equal((expected, result), (report.State, report.Word));
        Assert.Equal(expected == BackendState.Succeeded, report.Reason is null);
    }

    [Theory]
    [InlineData("UNSTABLE", BackendState.Succeeded)]
    [InlineData("NOT_BUILT", BackendState.Failed)]
    public async Task Pitfall08_Meanings_AreSettings(string result, BackendState expected)
    {
        var app = Jenkins.AddMarked("app");
        app.Result = result;
        using var adapter = _world.NewAdapter(("Unstable", "succeeded"), ("NotBuilt", "failed"));
        var (run, _) = await _world.RunningAsync(app);
        _world.Time.Advance(TimeSpan.FromSeconds(2));

        var report = Assert.Single(await adapter.GetStatusesAsync([run], JenkinsWorld.Token));

        Assert.Equal((expected, $"build 1 ended {result}"), (report.State, report.Reason));
    }

    [Theory]
    [InlineData(null, null, BackendState.Unreachable)]
    [InlineData(null, "SUCCESS", BackendState.Unreachable)]
    [InlineData(true, "SUCCESS", BackendState.Running)]
    [InlineData(true, "FAILURE", BackendState.Running)]
    [InlineData(false, "success", BackendState.Unreachable)]
    [InlineData(false, "SUCCEEDED", BackendState.Unreachable)]
    public void Words_OutsideTheTable_AreNeverAnEnd(bool? building, string? result, BackendState expected)
    {
        var settings = JenkinsSettings.Read(new BackendContext("j", new BackendOptions(), k => k == "Url" ? "http://jenkins.test" : null, "/", new NoServices()));

        Assert.Equal(expected, JenkinsWords.OfBuild(building, result, settings));
    }

    [Fact]
    public async Task Pitfall07_WhenAResultStandsThereWhileTheBuildRuns_ItIsNoEnd()
    {
        var app = Jenkins.AddMarked("app");
        var (run, build) = await _world.RunningAsync(app);
        build.Result = "FAILURE";

        Assert.Equal(BackendState.Running, (await _world.StatusAsync(run)).State);
    }

    [Fact]
    public async Task Pitfall03_TheBuildNumber_IsThatOfTheQueueItemAndNotTheNextOne()
    {
        var app = Jenkins.AddMarked("app");
        Jenkins.Trigger(app, ("ASCOB_RUN", "other"));
        var run = await _world.AcceptedAsync("app");
        Jenkins.Trigger(app, ("ASCOB_RUN", "another"));
        _world.Time.Advance(TimeSpan.FromSeconds(1));

        var report = await _world.StatusAsync(run);

        Assert.Equal(("2", $"{Jenkins.Url}job/app/2/"), (report.Keys!["buildId"], report.Url));
        Assert.Equal(run.Marker, Jenkins.BuildsOf(app)[1].Values["ASCOB_RUN"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pitfall05_WhenTheQueueItemIsForgotten_TheBuildIsFoundByTheBuildsOfTheJob(bool restart)
    {
        var app = Jenkins.Add("app");
        app.RunTime = TimeSpan.FromHours(1);
        var (run, _) = await _world.RunningAsync(app);
        if (restart)
        {
            Jenkins.Restart();
        }
        else
        {
            _world.Time.Advance(TimeSpan.FromMinutes(6));
        }

        var report = await _world.StatusAsync(run);

        Assert.Equal((BackendState.Running, "1"), (report.State, report.Keys!["buildId"]));
    }

    [Fact]
    public async Task Pitfall05_WhenTheBuildLiesFarBack_ItIsFoundAllTheSame()
    {
        var app = Jenkins.AddMarked("app");
        var (run, _) = await _world.RunningAsync(app);
        for (var i = 0; i < 150; i++)
        {
            Jenkins.Trigger(app, ("ASCOB_RUN", $"other {i}"));
        }

        _world.Time.Advance(TimeSpan.FromMinutes(6));
        Jenkins.BuildsOf(app);
        _world.Time.Advance(TimeSpan.FromMinutes(6));

        var report = await _world.StatusAsync(run);
        var known = await _world.StatusAsync(run with { Keys = report.Keys! });

        Assert.Equal((BackendState.Succeeded, "1"), (report.State, report.Keys!["buildId"]));
        Assert.Equal(BackendState.Succeeded, known.State);
    }

    [Fact]
    public async Task Pitfall06_WhenAnItemHasJustLeftTheQueue_ItIsNeitherCancelledNorACrash()
    {
        var app = Jenkins.AddMarked("app");
        var run = await _world.AcceptedAsync("app");
        var item = Jenkins.Items()[0];
        item.LeftAt = _world.Time.GetUtcNow();

        var between = await _world.StatusAsync(run);
        item.Cancelled = true;
        var cancelled = await _world.StatusAsync(run);

        Assert.Equal((BackendState.Queued, BackendState.Aborted), (between.State, cancelled.State));
        Assert.StartsWith("cancelled in Jenkins' queue", cancelled.Reason, StringComparison.Ordinal);
        Assert.Empty(app.Builds);
    }

    [Fact]
    public async Task Queue_WhenAnItemIsBlocked_TellsJenkinsOwnReasonWithoutItsCountdown()
    {
        var app = Jenkins.AddMarked("team/app");
        app.Concurrent = false;
        app.RunTime = TimeSpan.FromHours(1);
        await _world.RunningAsync(app);
        var second = await _world.AcceptedAsync("team/app");
        _world.Time.Advance(TimeSpan.FromSeconds(2));

        var report = await _world.StatusAsync(second);

        Assert.Equal((BackendState.Queued, "BLOCKED", "Build #1 is already in progress"), (report.State, report.Word, report.Reason));
        Assert.Equal($"{Jenkins.Url}job/team/job/app/", report.Url);
    }

    [Fact]
    public async Task Pitfall49_Times_AreMillisecondsOfTheEpoch()
    {
        var app = Jenkins.AddMarked("app");
        var (run, build) = await _world.RunningAsync(app);
        _world.Time.Advance(TimeSpan.FromSeconds(10));

        var report = await _world.StatusAsync(run);

        Assert.Equal(build.StartedAt.ToUnixTimeMilliseconds(), report.StartedAt!.Value.ToUnixTimeMilliseconds());
        Assert.Equal(TimeSpan.FromSeconds(2), report.EndedAt - report.StartedAt);
    }

    [Fact]
    public async Task ManyRuns_CostOneQuestionForTheQueueAndOneForEachJob()
    {
        var runs = new List<BackendRunRef>();
        foreach (var name in (string[])["a", "team/b"])
        {
            Jenkins.AddMarked(name).RunTime = null;
            for (var i = 0; i < 60; i++)
            {
                runs.Add(await _world.AcceptedAsync(name));
            }
        }

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Jenkins.Items();
        for (var i = 0; i < 60; i++)
        {
            runs.Add(await _world.AcceptedAsync("a"));
        }

        var before = Jenkins.Requests;
        var reports = await _world.Adapter.GetStatusesAsync(runs, JenkinsWorld.Token);

        Assert.Equal(3, Jenkins.Requests - before);
        Assert.Equal((120, 60), (reports.Count(r => r.State == BackendState.Running), reports.Count(r => r.State == BackendState.Queued)));
        Assert.Equal(runs.Select(r => r.Marker).Order(), reports.Select(r => r.Marker).Order());
    }

    [Fact]
    public async Task Guarantee13_WhenABuildOrItsJobIsGone_ItIsNotFoundAndNotForSure()
    {
        var app = Jenkins.AddMarked("app");
        var (run, build) = await _world.RunningAsync(app);
        var known = run with { Keys = (await _world.StatusAsync(run)).Keys! };
        app.Builds.Remove(build);
        var deleted = await _world.StatusAsync(known);
        Jenkins.Remove("app");
        var jobGone = await _world.StatusAsync(known);

        Assert.All([deleted, jobGone], r => Assert.Equal((BackendState.NotFound, false), (r.State, r.Certain)));
    }

    [Fact]
    public async Task NumbersThatComeAgain_AreNotTakenForOurs()
    {
        var app = Jenkins.AddMarked("app");
        var run = new BackendRunRef(1, "ascob-mine", JenkinsKeys.Of("jenkins-main", new JenkinsProject("app"), Jenkins.Trigger(app, ("ASCOB_RUN", "ascob-foreign")).Id));

        var queued = await _world.StatusAsync(run);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        var built = await _world.StatusAsync(run);
        var numbered = await _world.StatusAsync(run with { Keys = JenkinsKeys.Of("jenkins-main", new JenkinsProject("app"), 1, 1) });
        var stop = await _world.Adapter.StopAsync(run, StopMode.Soft, JenkinsWorld.Token);

        Assert.Equal([BackendState.NotFound, BackendState.NotFound, BackendState.NotFound], new[] { queued.State, built.State, numbered.State });
        Assert.False(stop.Asked);
        Assert.Null(Assert.Single(app.Builds).EndedAt);
    }

    [Theory]
    [InlineData(200, "text/html", "<html><form>login</form></html>")]
    [InlineData(200, "application/json", "{\"items\":[{\"id\":")]
    [InlineData(200, "application/json", "{\"items\":null}")]
    [InlineData(200, "application/json", "{\"error\":\"no\"}")]
    [InlineData(200, "application/json", "null")]
    [InlineData(200, "application/json", "{\"items\":[{\"id\":\"a word\"}],\"builds\":[{\"number\":\"one\"}]}")]
    [InlineData(200, "application/json", "big")]
    [InlineData(200, "application/json", "\u0000\u0001")]
    [InlineData(200, "application/json", "{\"builds\":[{\"number\":1,\"actions\":[{\"parameters\":[{\"name\":\"ASCOB_RUN\",\"value\":\"\\ud800\"}]}]}]}")]
    [InlineData(302, "text/html", "")]
    [InlineData(401, "text/html", "<html>")]
    [InlineData(403, "text/html", "<html>")]
    [InlineData(500, "text/html", "<html>Oops</html>")]
    [InlineData(502, "text/html", "")]
    public async Task Guarantee12_WhenTheAnswerToAQuestionMakesNoSense_NothingEnds(int status, string type, string body)
    {
        var app = Jenkins.AddMarked("app");
        var (run, _) = await _world.RunningAsync(app);
        var known = run with { Keys = (await _world.StatusAsync(run)).Keys! };
        _world.Answer("GET", "/", status, body == "big" ? "{\"x\":\"" + new string('x', 10 * 1024 * 1024) + "\"}" : body, type);

        var reports = await _world.Adapter.GetStatusesAsync([run, known], JenkinsWorld.Token);
        var found = await _world.Adapter.FindAsync(JenkinsWorld.Job("app"), JenkinsWorld.Token);

        Assert.All(reports, r => Assert.Equal(BackendState.Unreachable, r.State));
        Assert.All(reports, r => Assert.False(string.IsNullOrWhiteSpace(r.Reason)));
        Assert.Equal(FindOutcomeKind.Failed, found.Kind);
    }

    [Fact]
    public async Task Guarantee10_WhenAskedForFewerRequests_TheWholeBackendIsLeftAlone()
    {
        Jenkins.AddMarked("app");
        var run = await _world.AcceptedAsync("app");
        _world.Answer("GET", "/", 429, "slow down", headers: [("Retry-After", "30")]);
        var before = Jenkins.Requests;

        var report = await _world.StatusAsync(run);

        Assert.Equal((BackendState.Unreachable, TimeSpan.FromSeconds(30)), (report.State, report.RetryAfter));
        Assert.True(Jenkins.Requests - before <= 2);
    }

    [Fact]
    public async Task Marker_WhenAPersonHasRepeatedTheBuild_LeadsToTheFirst()
    {
        var app = Jenkins.AddMarked("app");
        var job = JenkinsWorld.Job("app");
        var run = await _world.AcceptedAsync(job);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Jenkins.BuildsOf(app);
        Jenkins.Trigger(app, ("ASCOB_RUN", job.Marker));
        _world.Time.Advance(TimeSpan.FromMinutes(6));

        var report = await _world.StatusAsync(run);
        var unnumbered = await _world.StatusAsync(run with { Keys = JenkinsKeys.Of("jenkins-main", new JenkinsProject("app"), 99_999) });
        var found = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);

        Assert.Equal(2, Jenkins.BuildsOf(app).Count);
        Assert.Equal(["1", "1", "1"], new[] { report.Keys!["buildId"], unnumbered.Keys!["buildId"], found.Keys!["buildId"] });
    }

    [Fact]
    public async Task ManyRuns_WhoseBuildsLieFarBack_CostOneLongList()
    {
        var app = Jenkins.AddMarked("app");
        var runs = new List<BackendRunRef>();
        for (var i = 0; i < 60; i++)
        {
            runs.Add(await _world.AcceptedAsync("app"));
        }

        Trigger(app, 300);
        Jenkins.Restart();
        var before = Jenkins.Requests;

        var reports = await _world.Adapter.GetStatusesAsync(runs, JenkinsWorld.Token);

        Assert.Equal(3, Jenkins.Requests - before);
        Assert.All(reports, r => Assert.Equal(BackendState.Running, r.State));
    }

    [Fact]
    public async Task Statuses_WhenTheBuildCouldLieFurtherBackThanIsLooked_AreNotNotFound()
    {
        var app = Jenkins.AddMarked("app");
        var stranger = new BackendRunRef(1, "ascob-mine", JenkinsKeys.Of("jenkins-main", new JenkinsProject("app"), 50));
        var run = await _world.AcceptedAsync("app");
        Trigger(app, 1100);
        Jenkins.Restart();

        var reports = await _world.Adapter.GetStatusesAsync([run, stranger, stranger with { Marker = "ascob-late", Keys = JenkinsKeys.Of("jenkins-main", new JenkinsProject("app"), 99_999) }], JenkinsWorld.Token);
        var stop = await _world.Adapter.StopAsync(run, StopMode.Soft, JenkinsWorld.Token);

        Assert.Equal([BackendState.Unreachable, BackendState.Unreachable, BackendState.NotFound], reports.Select(r => r.State));
        Assert.Contains("more than 1000 builds", stop.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statuses_WhenSomeQuestionsHang_TellOfTheOtherRunsInTime()
    {
        Jenkins.AddMarked("app").RunTime = null;
        var (running, _) = await _world.RunningAsync(Jenkins.AddMarked("other"));
        var hanging = new List<BackendRunRef>();
        for (var i = 0; i < 12; i++)
        {
            hanging.Add(await _world.AcceptedAsync("app"));
            await _world.Adapter.StopAsync(hanging[^1], StopMode.Soft, JenkinsWorld.Token);
        }

        _world.Before("GET", "/queue/item/", context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        var begun = TimeProvider.System.GetTimestamp();

        var reports = await _world.Adapter.GetStatusesAsync([.. hanging, running], JenkinsWorld.Token);

        Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(6));
        Assert.Equal(13, reports.Count);
        Assert.Equal(BackendState.Running, reports.Single(r => r.Marker == running.Marker).State);
        Assert.All(reports.Where(r => r.Marker != running.Marker), r => Assert.Equal((BackendState.Unreachable, "the backend did not answer in time"), (r.State, r.Reason)));
    }

    private void Trigger(PretendJenkinsJob job, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Jenkins.Trigger(job, ("ASCOB_RUN", Guid.NewGuid().ToString()));
        }

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Jenkins.BuildsOf(job);
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
