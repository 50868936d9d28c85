using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo.Rundeck;

namespace Ascob.Tests.Backends.Rundeck;

public sealed class RundeckSubmissionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_ById_AnswersKeysReportAndAddressOfTheExecution()
    {
        await using var world = await RundeckWorld.StartAsync();

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        var id = world.Rundeck.Executions.Keys.Single();
        Assert.Equal(SubmitOutcomeKind.Accepted, outcome.Kind);
        Assert.Equal(new Dictionary<string, string> { ["instance"] = RundeckWorld.BackendId, ["executionId"] = $"{id}", ["project"] = "web" }, outcome.Keys);
        Assert.Equal(BackendState.Running, outcome.Report!.State);
    }

    [Fact]
    public async Task Pitfall28_Submit_LinksToTheConfiguredAddressAndNotToTheServersOwnIdea()
    {
        await using var world = await RundeckWorld.StartAsync();

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal($"{world.Rundeck.Url}project/web/execution/show/{outcome.Keys["executionId"]}", outcome.Report!.Url);
    }

    [Fact]
    public async Task Submit_ByNameWithoutGroup_FindsTheOnlyJobOfThatName()
    {
        await using var world = await RundeckWorld.StartAsync();

        var run = await world.StartedAsync(RundeckWorld.Job(Named("short")));

        Assert.Equal(RundeckWorld.Short.Id, world.Execution(run).Job.Id);
    }

    [Fact]
    public async Task Submit_ByNameInSeveralGroups_AsksForTheGroup()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Put(RundeckWorld.Short with { Id = "other", Group = "" });

        var both = await world.Adapter.SubmitAsync(RundeckWorld.Job(Named("short")), Token);
        var top = await world.StartedAsync(RundeckWorld.Job(Named("short", "-")));

        Assert.Equal(SubmitOutcomeKind.Rejected, both.Kind);
        Assert.Contains("rundeck_job_group", both.Reason, StringComparison.Ordinal);
        Assert.Equal("other", world.Execution(top).Job.Id);
    }

    [Fact]
    public async Task Submit_WhenANamedJobWasMadeAnew_FindsItsNewId()
    {
        await using var world = await RundeckWorld.StartAsync();
        await world.StartedAsync(RundeckWorld.Job(Named("short")));
        world.Rundeck.Remove(RundeckWorld.Short.Id);
        world.Rundeck.Put(RundeckWorld.Short with { Id = "made-anew" });

        var run = await world.StartedAsync(RundeckWorld.Job(Named("short")));

        Assert.Equal("made-anew", world.Execution(run).Job.Id);
    }

    [Fact]
    public async Task Pitfall19_Submit_SendsTextsTheLogLevelAndTheMarker()
    {
        await using var world = await RundeckWorld.StartAsync();
        var spec = JobSpec.Builder("ann").WithLabel("rundeck_job_id", RundeckWorld.Long.Id).WithLabel("rundeck_log_level", "debug").WithParameter("count", "3").WithParameter("fast", "true").Build();
        var job = RundeckWorld.Job(spec) with { CallbackUrl = "https://ascob.test/x", Fences = new Dictionary<string, long> { ["db/main"] = 12 } };

        var execution = world.Execution(await world.StartedAsync(job));

        Assert.Equal("DEBUG", execution.LogLevel);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["count"] = "3",
                ["fast"] = "true",
                ["ASCOB_RUN"] = job.Marker,
                ["ASCOB_CALLBACK_URL"] = "https://ascob.test/x",
                ["ASCOB_LOCK_DB_MAIN"] = "12",
                ["ASCOB_LOCKS"] = """{"db/main":12}""",
            },
            execution.Options);
    }

    [Fact]
    public async Task Pitfall18_Submit_WhenTheServerSpeaksAnOlderVersion_AgreesOnItOnceAndRemembers()
    {
        await using var world = await RundeckWorld.StartAsync(time => new PretendRundeck(time, RundeckWorld.Short, RundeckWorld.Long) { ApiVersion = 31 });

        await world.StartedAsync(RundeckWorld.Long);
        await world.StartedAsync(RundeckWorld.Long);

        Assert.Equal(1, world.Rundeck.RequestsTo("POST /api/46/"));
        Assert.Equal(2, world.Rundeck.RequestsTo("POST /api/31/"));
        Assert.All(world.Rundeck.Started.Values, n => Assert.Equal(1, n));
    }

    [Fact]
    public async Task Pitfall18_Guarantee11_Submit_WhenTheTokenIsWrong_WaitsAndNamesTheSetting()
    {
        await using var world = await RundeckWorld.StartAsync();
        var stranger = RundeckWorld.MakeAdapter(world.Rundeck.Url, "wrong-token-0815");

        var outcome = await stranger.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);
        var health = await stranger.CheckHealthAsync(Token);

        Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
        Assert.Contains($"Ascob:Backends:{RundeckWorld.BackendId}:AuthToken", outcome.Reason, StringComparison.Ordinal);
        Assert.Contains($"Ascob:Backends:{RundeckWorld.BackendId}:AuthToken", health.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-token-0815", outcome.Reason + health.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pitfall27_Submit_WhenTheJobRunsAlready_WaitsForThisJobAloneAndAsksOnce()
    {
        await using var world = await RundeckWorld.StartAsync();
        var single = RundeckWorld.Long with { Id = "single", MultipleExecutions = false };
        world.Rundeck.Put(single);
        await world.StartedAsync(single);

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(single)), Token);

        Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
        Assert.True(outcome.OnlyThisJob);
        Assert.Equal(2, world.Rundeck.RequestsTo("POST /api/46/job/single/run"));
    }

    [Fact]
    public async Task Submit_WhenTheJobIsUnknown_IsRejectedAtOnce()
    {
        await using var world = await RundeckWorld.StartAsync();

        var byId = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(new PretendRundeckJob("nobody", "web", "x"))), Token);
        var byName = await world.Adapter.SubmitAsync(RundeckWorld.Job(Named("nobody")), Token);
        var byProject = await world.Adapter.SubmitAsync(RundeckWorld.Job(Named("short") with { Labels = new Dictionary<string, string> { ["rundeck_project_name"] = "nowhere", ["rundeck_job_name"] = "short" } }), Token);

        Assert.Equal([SubmitOutcomeKind.Rejected, SubmitOutcomeKind.Rejected, SubmitOutcomeKind.Rejected], new[] { byId.Kind, byName.Kind, byProject.Kind });
        Assert.Contains("does not exist", byId.Reason, StringComparison.Ordinal);
        Assert.Contains("'nobody'", byName.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenARequiredOptionIsMissing_IsRejectedWithRundecksWords()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Put(RundeckWorld.Long with { Options = [new PretendRundeckOption("target") { Required = true }] });

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Contains("Option 'target' is required", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenRundeckIsPassive_WaitsAndHealthSaysSo()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Passive = true;

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);
        var health = await world.Adapter.CheckHealthAsync(Token);

        Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
        Assert.False(outcome.OnlyThisJob);
        Assert.Contains("passive", health.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_AsUser_FollowsTheSettingAndNeverALabelAlone()
    {
        await using var plain = await RundeckWorld.StartAsync();
        await using var byLabel = await RundeckWorld.StartAsync(settings: new() { ["AsUser"] = "Label" });
        await using var bySubmitter = await RundeckWorld.StartAsync(settings: new() { ["AsUser"] = "Submitter" });
        var asBob = JobSpec.Builder("ann").WithLabel("rundeck_job_id", RundeckWorld.Long.Id).WithLabel("rundeck_as_user", "bob").Build();

        Assert.Equal("jobSpec.labels.rundeck_as_user", plain.Adapter.Validate(asBob).Single().Field);
        Assert.Equal(SubmitOutcomeKind.Rejected, (await plain.Adapter.SubmitAsync(RundeckWorld.Job(asBob), Token)).Kind);
        Assert.Equal("bob", byLabel.Execution(await byLabel.StartedAsync(RundeckWorld.Job(asBob))).User);
        Assert.Equal("ann", bySubmitter.Execution(await bySubmitter.StartedAsync(RundeckWorld.Long)).User);
        Assert.Equal("ascob", plain.Execution(await plain.StartedAsync(RundeckWorld.Long)).User);
    }

    [Fact]
    public async Task Submit_WithSecrets_SendsThemOnlyIntoSecureOptions()
    {
        await using var world = await RundeckWorld.StartAsync();
        var guarded = RundeckWorld.Long with { Id = "guarded", Options = [new PretendRundeckOption("password") { Secure = true }, new PretendRundeckOption("note")] };
        world.Rundeck.Put(guarded);
        var job = RundeckWorld.Job(RundeckWorld.Spec(guarded));

        var execution = world.Execution(await world.StartedAsync(job with { Secrets = new Dictionary<string, string> { ["password"] = "s3cret" } }));
        var open = await world.Adapter.SubmitAsync(job with { Secrets = new Dictionary<string, string> { ["note"] = "s3cret" } }, Token);

        Assert.Equal("s3cret", execution.Options["password"]);
        Assert.DoesNotContain("s3cret", execution.ArgString(), StringComparison.Ordinal);
        Assert.Equal(SubmitOutcomeKind.Rejected, open.Kind);
        Assert.Contains("'note'", open.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", open.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WithFiles_UploadsThoseThatTheJobTakesAndSendsTheirKeys()
    {
        await using var world = await RundeckWorld.StartAsync();
        var taking = RundeckWorld.Long with { Id = "taking", Options = [new PretendRundeckOption("data") { File = true, Required = true }] };
        world.Rundeck.Put(taking);
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "a,b\n1,2\n", Token);
            var job = RundeckWorld.Job(RundeckWorld.Spec(taking)) with { Files = [BackendFile.OnDisk("data", path, 8), BackendFile.OnDisk("../unasked", path, 8)] };

            var execution = world.Execution(await world.StartedAsync(job));

            Assert.Equal(("data", "a,b\n1,2\n"), world.Rundeck.Files[execution.Options["data"]]);
            Assert.Single(world.Rundeck.Files);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Submit_WithAFileThatIsGoneFromTheServer_IsRejectedWithThatReason()
    {
        await using var world = await RundeckWorld.StartAsync();
        world.Rundeck.Put(RundeckWorld.Long with { Id = "taking", Options = [new PretendRundeckOption("data") { File = true }] });
        var gone = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "data");

        var outcome = await world.Adapter.SubmitAsync(RundeckWorld.Job(JobSpec.Builder("ann").WithLabel("rundeck_job_id", "taking").Build()) with { Files = [BackendFile.OnDisk("data", gone, 8)] }, Token);

        Assert.Equal((SubmitOutcomeKind.Rejected, "an input file of the run cannot be read on this server"), (outcome.Kind, outcome.Reason));
        Assert.Empty(world.Rundeck.Executions);
    }

    [Fact]
    public async Task Submit_WithFilesAtAnOldServer_SaysWhichVersionIsNeeded()
    {
        await using var world = await RundeckWorld.StartAsync(time => new PretendRundeck(time, RundeckWorld.Long) { ApiVersion = 31 });
        var job = RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)) with { Files = [BackendFile.OnDisk("data", "/nowhere", 8)] };

        var outcome = await world.Adapter.SubmitAsync(job, Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Contains("44", outcome.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rundeck_job_id", "..", "rundeck_job_id")]
    [InlineData("rundeck_job_id", "a/../b", "rundeck_job_id")]
    [InlineData("rundeck_project_name", "*", "rundeck_project_name")]
    [InlineData("rundeck_log_level", "loud", "rundeck_log_level")]
    public void Validate_WhenALabelIsWrong_NamesIt(string label, string value, string field)
    {
        using var adapter = (IDisposable)RundeckWorld.MakeAdapter(new Uri("http://127.0.0.1:1"), "t");
        var spec = JobSpec.Builder("ann").WithLabel("rundeck_job_id", "x").WithLabel(label, value).Build();

        Assert.Contains(((IBackendAdapter)adapter).Validate(spec), e => e.Field == $"jobSpec.labels.{field}");
    }

    [Theory]
    [InlineData("ASCOB_RUN")]
    [InlineData("ascob_x")]
    [InlineData("a b")]
    [InlineData("-a")]
    [InlineData("a\n")]
    public void Validate_WhenAnOptionCannotBeOne_NamesIt(string name)
    {
        using var adapter = (IDisposable)RundeckWorld.MakeAdapter(new Uri("http://127.0.0.1:1"), "t");
        var spec = JobSpec.Builder("ann").WithLabel("rundeck_job_id", "x").WithParameter(name, "1").Build();

        Assert.Equal($"jobSpec.parameters.{name}", ((IBackendAdapter)adapter).Validate(spec).Single().Field);
    }

    [Theory]
    [InlineData("Url", "ftp://x", "Url")]
    [InlineData("AuthToken", "", "AuthToken")]
    [InlineData("ApiVersion", "3", "ApiVersion")]
    [InlineData("AsUser", "1", "AsUser")]
    [InlineData("LogLevel", "loud", "LogLevel")]
    [InlineData("FileOptions", "maybe", "FileOptions")]
    public void Create_WhenASettingIsWrong_NamesTheKey(string key, string value, string named)
    {
        var fault = Assert.Throws<BackendConfigurationException>(() => RundeckWorld.MakeAdapter(new Uri("http://127.0.0.1:1"), "t", new() { [key] = value }));

        Assert.StartsWith($"Ascob:Backends:{RundeckWorld.BackendId}:{named} ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pitfall50_Submit_CarriesTheTokenInNoAddress()
    {
        await using var world = await RundeckWorld.StartAsync();
        var addresses = new List<string>();
        world.Rundeck.Before = context =>
        {
            addresses.Add(context.Request.Path + context.Request.QueryString.ToString());
            return Task.FromResult(false);
        };

        await world.StartedAsync(RundeckWorld.Job(Named("short")));

        Assert.NotEmpty(addresses);
        Assert.DoesNotContain(addresses, a => a.Contains(world.Rundeck.AuthToken, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Submit_BelowAPath_KeepsThePath()
    {
        await using var world = await RundeckWorld.StartAsync();
        var seen = string.Empty;
        world.Rundeck.Before = context =>
        {
            seen = context.Request.Path;
            return Task.FromResult(false);
        };
        var below = RundeckWorld.MakeAdapter(new Uri(world.Rundeck.Url, "ops/rundeck"), world.Rundeck.AuthToken);

        await below.SubmitAsync(RundeckWorld.Job(RundeckWorld.Spec(RundeckWorld.Long)), Token);

        Assert.Equal($"/ops/rundeck/api/46/job/{RundeckWorld.Long.Id}/run", seen);
    }

    private static JobSpec Named(string name, string? group = null)
    {
        var builder = JobSpec.Builder("ann").WithLabel("rundeck_project_name", "web").WithLabel("rundeck_job_name", name);
        return (group is null ? builder : builder.WithLabel("rundeck_job_group", group)).Build();
    }
}
