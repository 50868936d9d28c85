using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Demo.Jenkins;

namespace Ascob.Tests.Backends.Jenkins;

public sealed class JenkinsSubmissionTests : IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    private PretendJenkins Jenkins => _world.Jenkins;

    public async ValueTask InitializeAsync() => _world = await JenkinsWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Submit_WhenTheJobLiesInFolders_StartsItWithItsParametersAndTheMarker()
    {
        var app = Jenkins.AddMarked("team/app").With("BRANCH", "TEXT");
        var job = JenkinsWorld.Job("team/app", ("BRANCH", "main"), ("TEXT", "a&b=c %+ü\nd"));

        var run = await _world.AcceptedAsync(job);

        var item = Assert.Single(Jenkins.Items());
        Assert.Equal((app, job.Marker, "main", "a&b=c %+ü\nd"), (item.Job, item.Values["ASCOB_RUN"], item.Values["BRANCH"], item.Values["TEXT"]));
        Assert.Equal(
            new Dictionary<string, string> { ["instance"] = "jenkins-main", ["projectName"] = "team/app", ["queueId"] = $"{item.Id}" }.OrderBy(k => k.Key), run.Keys.OrderBy(k => k.Key));
    }

    [Fact]
    public async Task Submit_WhenTheJobDeclaresThem_HandsOverWhatAscobTells()
    {
        Jenkins.AddMarked("app").With("ASCOB_CALLBACK_URL", "ASCOB_RUN_ID", "ASCOB_ATTEMPT", "ASCOB_SUBMITTER", "ASCOB_LOCK_DB_MAIN", "ASCOB_LOCKS", "OTHER");

        await _world.AcceptedAsync(JenkinsWorld.Job("app") with { CallbackUrl = "https://ascob.test/x", Fences = new Dictionary<string, long> { ["db-main"] = 41 } });

        var values = Assert.Single(Jenkins.Items()).Values;
        Assert.Equal(
            ["https://ascob.test/x", "12", "1", "ada", "41", "{\"db-main\":41}", ""],
            new[] { "ASCOB_CALLBACK_URL", "ASCOB_RUN_ID", "ASCOB_ATTEMPT", "ASCOB_SUBMITTER", "ASCOB_LOCK_DB_MAIN", "ASCOB_LOCKS", "OTHER" }.Select(n => values[n]));
    }

    [Fact]
    public async Task Submit_WhenJenkinsLiesUnderAPath_FindsItThere()
    {
        Jenkins.ContextPath = "jenkins";
        Jenkins.AddMarked("team/app");
        using var adapter = _world.NewAdapter(("Url", Jenkins.Url + "jenkins"));

        var outcome = await adapter.SubmitAsync(JenkinsWorld.Job("team/app"), JenkinsWorld.Token);

        Assert.Equal((SubmitOutcomeKind.Accepted, $"{Jenkins.Url}jenkins/job/team/job/app/"), (outcome.Kind, outcome.Report!.Url));
    }

    [Fact]
    public async Task Pitfall02_Location_WhenItHasAForeignHost_OnlyItsNumberIsTaken()
    {
        Jenkins.AddMarked("app");

        var run = await _world.AcceptedAsync("app");

        Assert.Equal($"{Jenkins.Items()[0].Id}", run.Keys["queueId"]);
        Assert.Equal(BackendState.Queued, (await _world.StatusAsync(run)).State);
    }

    [Fact]
    public async Task Pitfall01_Redirects_AreNeverFollowed()
    {
        Jenkins.AddMarked("app");
        _world.Answer("POST", "/buildWithParameters", 302, string.Empty, headers: [("Location", "."), ("X-Jenkins", "2.541.1")]);

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
        Assert.Contains("did not queue", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(2, Jenkins.Requests);
    }

    [Fact]
    public async Task Pitfall04_WhenTheSameMarkerIsSentTwice_TheFoldedItemIsKnownAsItsOwn()
    {
        Jenkins.AddMarked("app");
        var job = JenkinsWorld.Job("app");

        var first = await _world.AcceptedAsync(job);
        var second = await _world.AcceptedAsync(job);

        Assert.Equal(first.Keys.OrderBy(k => k.Key), second.Keys.OrderBy(k => k.Key));
        Assert.Single(Jenkins.Items());
    }

    [Fact]
    public async Task Pitfall04_WhenEqualRunsAreSubmitted_TheMarkerKeepsThemApart()
    {
        var app = Jenkins.AddMarked("app").With("A");

        var runs = new[] { await _world.AcceptedAsync("app", ("A", "1")), await _world.AcceptedAsync("app", ("A", "1")) };
        _world.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(2, Jenkins.BuildsOf(app).Count);
        Assert.Equal(2, runs.Select(r => r.Keys["queueId"]).Distinct().Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pitfall04_WhenNoMarkerCanTellRunsApart_TheSecondWaitsInsteadOfSharingABuild(bool plain)
    {
        var app = Jenkins.Add("app").With(plain ? [] : ["A"]);

        var first = await _world.SubmitAsync("app");
        var second = await _world.SubmitAsync("app");
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Jenkins.BuildsOf(app);
        var third = await _world.SubmitAsync("app");

        Assert.Equal(SubmitOutcomeKind.Accepted, first.Kind);
        Assert.Contains("declares no parameter ASCOB_RUN", first.Report!.Reason, StringComparison.Ordinal);
        Assert.Equal((SubmitOutcomeKind.NotNow, true), (second.Kind, second.OnlyThisJob));
        Assert.Contains("would fold", second.Reason, StringComparison.Ordinal);
        Assert.Equal(SubmitOutcomeKind.Accepted, third.Kind);
    }

    [Fact]
    public async Task Pitfall04_WhenManyUnmarkedRunsComeAtOnce_NoTwoShareAnItem()
    {
        Jenkins.Add("app").With("A");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _world.SubmitAsync("app", ("A", "1"))));

        Assert.Single(outcomes, o => o.Kind == SubmitOutcomeKind.Accepted);
        Assert.Equal(7, outcomes.Count(o => o is { Kind: SubmitOutcomeKind.NotNow, OnlyThisJob: true }));
        Assert.Single(Jenkins.Items());
    }

    [Fact]
    public async Task Pitfall04_WhenAForeignItemWaits_ItIsNotTakenForOurs()
    {
        var app = Jenkins.Add("team/app").With("A");
        Jenkins.Trigger(app, ("A", "1"));

        var outcome = await _world.SubmitAsync("team/app", ("A", "1"));

        Assert.Equal((SubmitOutcomeKind.NotNow, true), (outcome.Kind, outcome.OnlyThisJob));
    }

    [Fact]
    public async Task Pitfall10_Delay_IsNoMillisecondsAndNoQuietPeriod()
    {
        var app = Jenkins.AddMarked("app");
        Jenkins.QuietPeriod = TimeSpan.FromHours(1);

        await _world.RunningAsync(app);

        Assert.Single(Jenkins.BuildsOf(app));
    }

    [Fact]
    public async Task Pitfall11_WhenParametersAreNotDeclared_TheyAreNamedAndNothingIsStarted()
    {
        Jenkins.AddMarked("app").With("BRANCH");

        var outcome = await _world.SubmitAsync("app", ("BRANCH", "main"), ("BRANHC", "main"), ("X", "1"));

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Contains("does not declare the parameters 'BRANHC', 'X'", outcome.Reason, StringComparison.Ordinal);
        Assert.Empty(Jenkins.Items());
    }

    [Fact]
    public async Task Pitfall11_WhenAParameterHasBeenDeclaredSince_ItIsSeenAtOnce()
    {
        var app = Jenkins.AddMarked("app");
        await _world.AcceptedAsync("app");
        app.With("NEW");

        Assert.Equal(SubmitOutcomeKind.Accepted, (await _world.SubmitAsync("app", ("NEW", "1"))).Kind);
    }

    [Fact]
    public async Task Pitfall12_WhenAPlainJobHasBeenGivenParametersSince_TheRefusalIsLookedInto()
    {
        var app = Jenkins.Add("app");
        await _world.AcceptedAsync("app");
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        app.With("ASCOB_RUN");

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal(SubmitOutcomeKind.Accepted, outcome.Kind);
        Assert.Contains(Jenkins.Items(), i => i.Values.ContainsKey("ASCOB_RUN"));
    }

    [Fact]
    public async Task Pitfall16_BranchNames_AreEncodedTwiceAndFoldersAreNot()
    {
        var branch = Jenkins.AddMarked("team/app/feature%2Flogin ü");
        string? target = null;
        Jenkins.Before = context =>
        {
            target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            return Task.FromResult(false);
        };

        await _world.AcceptedAsync("team/app/feature%2Flogin ü");

        Assert.StartsWith("/job/team/job/app/job/feature%252Flogin%20%C3%BC/buildWithParameters", target, StringComparison.Ordinal);
        Assert.Same(branch, Jenkins.Items()[0].Job);
    }

    [Fact]
    public async Task Pitfall17_WhenTheJobIsUnknown_BothReasonsAreSaid()
    {
        var unknown = await _world.SubmitAsync("team/nope");
        Jenkins.AddMarked("team/app");
        Jenkins.LackingRights.Add("Job/Read");
        var hidden = await _world.SubmitAsync("team/app");

        Assert.Equal([SubmitOutcomeKind.Rejected, SubmitOutcomeKind.Rejected], new[] { unknown.Kind, hidden.Kind });
        Assert.Equal("Jenkins has no job 'team/nope', or its user ascob may not see it (right Job/Read)", unknown.Reason);
    }

    [Fact]
    public async Task Pitfall15_WhenAPasswordIsUsed_OneCrumbWithItsSessionServesAllOrders()
    {
        Jenkins.AddMarked("app");
        using var adapter = _world.NewAdapter(("ApiToken", null), ("Password", PretendJenkins.Password));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(SubmitOutcomeKind.Accepted, (await adapter.SubmitAsync(JenkinsWorld.Job("app"), JenkinsWorld.Token)).Kind);
        }

        Assert.Equal(1, Jenkins.Crumbs);
        Jenkins.Restart();
        Assert.Equal(SubmitOutcomeKind.Accepted, (await adapter.SubmitAsync(JenkinsWorld.Job("app"), JenkinsWorld.Token)).Kind);
        Assert.Equal((2, 4), (Jenkins.Crumbs, Jenkins.Items().Count));
    }

    [Fact]
    public async Task Pitfall15_WhenJenkinsGivesNoCrumbs_NoneIsSent()
    {
        Jenkins.AddMarked("app");
        Jenkins.WantsCrumbs = false;
        using var adapter = _world.NewAdapter(("ApiToken", null), ("Password", PretendJenkins.Password));

        Assert.Equal(SubmitOutcomeKind.Accepted, (await adapter.SubmitAsync(JenkinsWorld.Job("app"), JenkinsWorld.Token)).Kind);
    }

    [Fact]
    public async Task Pitfall15_WhenATokenIsUsed_NoCrumbIsAskedFor()
    {
        Jenkins.AddMarked("app");

        await _world.AcceptedAsync("app");

        Assert.Equal((0, 0), (Jenkins.Crumbs, Jenkins.RequestsTo("GET /crumbIssuer")));
    }

    [Fact]
    public async Task Files_WhenTheJobDeclaresThem_ArriveAsFileParameters()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await File.WriteAllTextAsync(path, "a,b\n1,ü\n", JenkinsWorld.Token);
        try
        {
            Jenkins.AddMarked("app").Parameters.AddRange([new("data.csv", "FileParameterDefinition"), new("NOTE")]);

            var run = await _world.AcceptedAsync(JenkinsWorld.Job("app", ("NOTE", "ü \"x\"")) with { Files = [BackendFile.OnDisk("data.csv", path, 9)] });

            var values = Assert.Single(Jenkins.Items()).Values;
            Assert.Equal(("a,b\n1,ü\n", "ü \"x\"", run.Marker), (values["data.csv"], values["NOTE"], values["ASCOB_RUN"]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Files_WhenOneIsGoneFromTheServer_NothingIsSent()
    {
        Jenkins.AddMarked("app").Parameters.Add(new("data.csv", "FileParameterDefinition"));

        var outcome = await _world.Adapter.SubmitAsync(JenkinsWorld.Job("app") with { Files = [BackendFile.OnDisk("data.csv", "/no/such/file", 9)] }, JenkinsWorld.Token);

        Assert.Equal((SubmitOutcomeKind.Rejected, "an input file of the run cannot be read on this server"), (outcome.Kind, outcome.Reason));
        Assert.Equal(0, Jenkins.RequestsTo("POST"));
    }

    [Fact]
    public async Task Files_WhenTheStoreIsAway_NothingIsSentAndTheRunWaits()
    {
        Jenkins.AddMarked("app").Parameters.Add(new("data.csv", "FileParameterDefinition"));
        var file = new BackendFile("data.csv", 9, _ => throw new StoreUnavailableException("no answer"), _ => throw new StoreUnavailableException("no answer"));

        var outcome = await _world.Adapter.SubmitAsync(JenkinsWorld.Job("app") with { Files = [file] }, JenkinsWorld.Token);

        Assert.Equal((SubmitOutcomeKind.NotNow, "The input file 'data.csv' cannot be read now: no answer"), (outcome.Kind, outcome.Reason));
        Assert.Equal(0, Jenkins.RequestsTo("POST"));
    }

    [Fact]
    public async Task Files_WhenNoWayLeadsToTheJob_AreNamed()
    {
        Jenkins.AddMarked("app");

        var outcome = await _world.Adapter.SubmitAsync(JenkinsWorld.Job("app") with { Files = [BackendFile.OnDisk("data.csv", "/nowhere", 9)] }, JenkinsWorld.Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Contains("'data.csv' cannot reach", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_TravelOnlyInPasswordParametersAndStandInNoReason()
    {
        Jenkins.AddMarked("safe").Parameters.Add(new("KEY", "PasswordParameterDefinition"));
        Jenkins.AddMarked("open").With("KEY");
        var secret = new Dictionary<string, string> { ["KEY"] = "canary-secret" };

        var safe = await _world.Adapter.SubmitAsync(JenkinsWorld.Job("safe") with { Secrets = secret }, JenkinsWorld.Token);
        var open = await _world.Adapter.SubmitAsync(JenkinsWorld.Job("open") with { Secrets = secret }, JenkinsWorld.Token);

        Assert.Equal((SubmitOutcomeKind.Accepted, SubmitOutcomeKind.Rejected), (safe.Kind, open.Kind));
        Assert.Equal("canary-secret", Assert.Single(Jenkins.Items()).Values["KEY"]);
        Assert.DoesNotContain("canary", open.Reason + safe.Report!.Reason + string.Join('|', safe.Keys.Values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Choices_WhenTheValueIsNone_AreRefusedBeforeJenkinsFails()
    {
        Jenkins.AddMarked("app").Parameters.Add(new("COLOUR", "ChoiceParameterDefinition", ["red", "green"]));

        var outcome = await _world.SubmitAsync("app", ("COLOUR", "blue"));

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Contains("'COLOUR' is none of the choices", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(0, Jenkins.RequestsTo("POST"));
    }

    // A marker that Jenkins does not hand on as it is could never be found again.
    [Theory]
    [InlineData("BooleanParameterDefinition", null)]
    [InlineData("ChoiceParameterDefinition", "a")]
    [InlineData("PasswordParameterDefinition", null)]
    public async Task Pitfall11_WhenTheMarkerIsDeclaredAsSomethingElse_TheRunSaysThatItTakesNone(string type, string? choice)
    {
        Jenkins.Add("app").Parameters.Add(new("ASCOB_RUN", type, choice is null ? null : [choice]));

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal(SubmitOutcomeKind.Accepted, outcome.Kind);
        Assert.Contains("declares no parameter ASCOB_RUN", outcome.Report!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenAPlugInTellsItsChoicesInAnotherForm_StartsTheJob()
    {
        Jenkins.AddMarked("app").With("PICK");
        _world.Answer("GET", "/job/app/", 200, """{"_class":"hudson.model.FreeStyleProject","buildable":true,"property":[{"parameterDefinitions":[{"name":"ASCOB_RUN","type":"StringParameterDefinition"},{"name":"PICK","type":"PickParameterDefinition","choices":"a,b"}]}]}""", "application/json");

        Assert.Equal(SubmitOutcomeKind.Accepted, (await _world.SubmitAsync("app", ("PICK", "a"))).Kind);
    }

    [Fact]
    public async Task Submit_WhenAFolderIsNamed_IsRejectedAndNothingIsSent()
    {
        Jenkins.Add("team").IsFolder = true;

        var outcome = await _world.SubmitAsync("team");

        Assert.Equal((SubmitOutcomeKind.Rejected, "'team' is a folder of Jenkins and no job"), (outcome.Kind, outcome.Reason));
        Assert.Equal(0, Jenkins.RequestsTo("POST"));
    }

    [Fact]
    public async Task Disabled_IsRejected()
    {
        Jenkins.AddMarked("app").Enabled = false;

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal((SubmitOutcomeKind.Rejected, "the Jenkins job 'app' is disabled or cannot be built"), (outcome.Kind, outcome.Reason));
    }
}
