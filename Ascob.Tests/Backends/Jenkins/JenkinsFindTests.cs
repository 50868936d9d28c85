using Ascob.Core.Backends;
using Ascob.Demo.Jenkins;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>The look-up of a run whose answer was lost: nothing is believed of a list that is not whole.</summary>
public sealed class JenkinsFindTests : IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    private PretendJenkins Jenkins => _world.Jenkins;

    public async ValueTask InitializeAsync() => _world = await JenkinsWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Find_WhenNothingWasStarted_IsNotFoundButNotForSure()
    {
        Jenkins.AddMarked("app");

        var found = await _world.Adapter.FindAsync(JenkinsWorld.Job("app"), JenkinsWorld.Token);

        Assert.Equal((FindOutcomeKind.NotFound, false), (found.Kind, found.Certain));
    }

    [Fact]
    public async Task Find_WhenManyBuildsCameSince_LooksBehindThem_AndSaysWhenItCannot()
    {
        var app = Jenkins.AddMarked("app");
        var job = JenkinsWorld.Job("app");
        await _world.AcceptedAsync(job);
        Trigger(app, 300);
        var behind = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);
        Trigger(app, 900);
        var tooMany = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);

        Assert.Equal((FindOutcomeKind.Found, "1"), (behind.Kind, behind.Keys!["buildId"]));
        Assert.Equal(FindOutcomeKind.Failed, tooMany.Kind);
        Assert.Contains("more than 1000 builds", tooMany.Reason, StringComparison.Ordinal);
    }

    // As many builds are kept as the job is told to keep: what is not there any more may have been the run.
    [Fact]
    public async Task Find_WhenYoungBuildsAreNotKept_DoesNotBelieveThatNothingStarted()
    {
        var app = Jenkins.AddMarked("app");
        Trigger(app, 1);
        _world.Time.Advance(TimeSpan.FromHours(1));
        var job = JenkinsWorld.Job("app") with { IntentAt = _world.Time.GetUtcNow() };
        var before = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);
        await _world.AcceptedAsync(job);
        Trigger(app, 1);
        Trigger(app, 1);
        app.Builds.RemoveAll(b => b.Number < 4);
        var between = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);
        app.Builds.Clear();
        var empty = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);
        var later = await _world.Adapter.FindAsync(job with { IntentAt = job.IntentAt.AddDays(1) }, JenkinsWorld.Token);

        Assert.Equal(FindOutcomeKind.NotFound, before.Kind);
        Assert.Equal((FindOutcomeKind.Failed, FindOutcomeKind.Failed, FindOutcomeKind.Failed), (between.Kind, empty.Kind, later.Kind));
        Assert.Contains("build 3 of the Jenkins job 'app' is not kept any more", between.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_WhenOldBuildsAreNotKept_IsNotFound()
    {
        var app = Jenkins.AddMarked("app");
        Trigger(app, 3);
        _world.Time.Advance(TimeSpan.FromHours(1));
        Trigger(app, 1);
        app.Builds.RemoveAll(b => b.Number < 3);

        var found = await _world.Adapter.FindAsync(JenkinsWorld.Job("app") with { IntentAt = _world.Time.GetUtcNow() }, JenkinsWorld.Token);

        Assert.Equal(FindOutcomeKind.NotFound, found.Kind);
    }

    [Fact]
    public async Task Find_WhenTheJobTakesNoMarker_SaysWhichBuildsItCouldBeAndLeavesItToAPerson()
    {
        var app = Jenkins.Add("team/app");
        var job = JenkinsWorld.Job("team/app");
        var none = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);
        await _world.AcceptedAsync(job);
        var waiting = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        var built = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);

        Assert.Equal(FindOutcomeKind.NotFound, none.Kind);
        Assert.Equal((FindOutcomeKind.Failed, FindOutcomeKind.Failed), (waiting.Kind, built.Kind));
        Assert.Contains("queue item 101 is this run: a person must give the verdict", waiting.Reason, StringComparison.Ordinal);
        Assert.Contains("build 1 is this run", built.Reason, StringComparison.Ordinal);
        Assert.Single(app.Builds);
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
}
