using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Demo.Jenkins;
using Ascob.Tests.Backends.Shell;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>What a portal sees of Jenkins through the whole server.</summary>
public sealed class JenkinsServerTests : IAsyncLifetime
{
    private readonly PretendJenkins _jenkins = new(TimeProvider.System) { QueueTime = TimeSpan.FromMilliseconds(100) };
    private ApiServer _server = null!;
    private HttpClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _jenkins.StartAsync(cancellationToken: Token);
        _server = await ApiServer.StartAsync(
            null,
            [
                .. Backend("jenkins-main", _jenkins.Url.AbsoluteUri, PretendJenkins.Token),
                .. Backend("jenkins-wrong", _jenkins.Url.AbsoluteUri, "wrong-token"),
                .. Backend("jenkins-dead", "http://127.0.0.1:1/", "t"),
                "--Ascob:PublicUrl", "https://ascob.test",
            ]);
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _jenkins.DisposeAsync();
    }

    [Fact]
    public async Task Run_OfAJenkinsJob_IsStartedFollowedAndItsLogRead()
    {
        var app = _jenkins.AddMarked("team/app").With("BRANCH", "ASCOB_CALLBACK_URL");
        (app.RunTime, app.Log) = (TimeSpan.FromMilliseconds(300), "building main\n");

        var id = await SubmitAsync("team/app", ("BRANCH", "main"));
        var run = await EndAsync(id);

        Assert.Equal(("SUCCEEDED", "SUCCESS", "jenkins-main"), (Text(run, "status"), Text(run, "backendStatus"), Text(run, "backendId")));
        Assert.Equal($"{_jenkins.Url}job/team/job/app/1/", Text(run, "backendUrl"));
        var build = Assert.Single(_jenkins.BuildsOf(app));
        Assert.Equal("main", build.Values["BRANCH"]);
        Assert.StartsWith("https://ascob.test/api/webhooks/runs/", build.Values["ASCOB_CALLBACK_URL"], StringComparison.Ordinal);
        Assert.Equal("Started by user ascob\nbuilding main\nFinished: SUCCESS\n", await _client.GetStringAsync($"/api/runs/{id}/output.txt", Token));
    }

    [Fact]
    public async Task Run_WhileItRuns_ShowsItsLog_IsStopped_AndStaysReadableWithoutJenkins()
    {
        var app = _jenkins.AddMarked("app");
        (app.RunTime, app.Log) = (null, "working\n");
        var id = await SubmitAsync("app");
        await UntilAsync(id, r => Text(r, "status") == "RUNNING");

        var live = await _client.GetStringAsync($"/api/runs/{id}/output.txt?offset=22", Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/output.txt");
        request.Headers.Range = new(22, 24);
        using var part = await _client.SendAsync(request, Token);
        using var stop = await _client.DeleteAsync($"/api/runs/{id}", Token);
        var run = await EndAsync(id);
        await _jenkins.DisposeAsync();

        Assert.Equal(("working\n", "wor"), (live, await part.Content.ReadAsStringAsync(Token)));
        Assert.Equal((HttpStatusCode.Accepted, "ABORTED", "ABORTED"), (stop.StatusCode, Text(run, "status"), Text(run, "backendStatus")));
        Assert.EndsWith("Finished: ABORTED\n", await _client.GetStringAsync($"/api/runs/{id}/output.txt", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_WhileJenkinsCannotBeAsked_IsToldToBeAskedForAgain()
    {
        _jenkins.AddMarked("app").RunTime = null;
        var id = await SubmitAsync("app");
        await UntilAsync(id, r => Text(r, "status") == "RUNNING");
        await _jenkins.DisposeAsync();

        using var answer = await _client.GetAsync($"/api/runs/{id}/output.txt", Token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("backend.unreachable", (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("code").GetString());
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task Run_WhileItWaitsInTheQueue_IsStopped()
    {
        _jenkins.QueueTime = TimeSpan.FromHours(1);
        var app = _jenkins.AddMarked("app");
        var id = await SubmitAsync("app");
        await UntilAsync(id, r => Text(r, "status") == "SUBMITTED");

        using var stop = await _client.DeleteAsync($"/api/runs/{id}", Token);
        var run = await EndAsync(id);

        Assert.Equal(("ABORTED", "CANCELLED"), (Text(run, "status"), Text(run, "backendStatus")));
        Assert.Empty(_jenkins.BuildsOf(app));
    }

    [Fact]
    public async Task Run_OfAnUnknownJobOrWithAnUnknownParameter_FailsWithinSecondsWithOneLine()
    {
        _jenkins.AddMarked("app");

        var unknown = await EndAsync(await SubmitAsync("nope"));
        var undeclared = await EndAsync(await SubmitAsync("app", ("COLOUR", "red")));

        Assert.Equal("Jenkins has no job 'nope', or its user ascob may not see it (right Job/Read)", Text(unknown, "statusReason"));
        Assert.Equal("the Jenkins job 'app' does not declare the parameter 'COLOUR'", Text(undeclared, "statusReason"));
        Assert.All([unknown, undeclared], r => Assert.Equal("FAILED", Text(r, "status")));
    }

    [Theory]
    [InlineData("jenkins-dead", "the backend refuses connections")]
    [InlineData("jenkins-wrong", "the backend refuses the credentials (401); see Ascob:Backends:jenkins-wrong:ApiToken")]
    public async Task Run_WhenTheBackendCannotBeReached_WaitsAndSaysWhy(string backend, string reason)
    {
        var id = await SubmitToAsync(backend, "app");

        await UntilAsync(id, r => Text(r, "statusReason") == reason && Text(r, "status") == "PENDING_SUBMIT");
    }

    [Fact]
    public async Task Run_WithAFile_HandsItOverAsFileParameter()
    {
        var app = _jenkins.AddMarked("app");
        app.Parameters.Add(new("data.csv", "FileParameterDefinition"));
        using var form = new MultipartFormDataContent
        {
            { JsonContent.Create(new { jobSpec = Spec("jenkins-main", "app") }), "request" },
            { new StringContent("a,b\n"), "files", "data.csv" },
        };

        using var answer = await _client.PostAsync("/api/runs", form, Token);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        await EndAsync((await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64());

        Assert.Equal("a,b\n", Assert.Single(_jenkins.BuildsOf(app)).Values["data.csv"]);
    }

    [Fact]
    public async Task Run_OfAJobThatTakesNoMarker_SaysSoInItsTimeline()
    {
        _jenkins.QueueTime = TimeSpan.FromSeconds(1);
        _jenkins.Add("plain");

        var first = await SubmitAsync("plain");
        await UntilAsync(first, r => Text(r, "status") == "SUBMITTED");
        var events = await _client.GetStringAsync($"/api/runs/{first}/events", Token);
        var second = await SubmitAsync("plain");
        await UntilAsync(second, r => Text(r, "status") == "PENDING_SUBMIT" && Text(r, "statusReason")?.Contains("would fold", StringComparison.Ordinal) == true);

        Assert.Contains("declares no parameter ASCOB_RUN", events, StringComparison.Ordinal);
        Assert.All([await EndAsync(first), await EndAsync(second)], r => Assert.Equal("SUCCEEDED", Text(r, "status")));
    }

    [Fact]
    public async Task Submission_WithoutAJobName_IsRefused()
    {
        using var answer = await _client.PostAsJsonAsync(
            "/api/runs", new { jobSpec = new { submitter = "ada", labels = new Dictionary<string, string> { ["jenkins_instance"] = "jenkins-main" } } }, Token);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains("jenkins_project_name", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private static string[] Backend(string id, string url, string token) =>
    [
        $"--Ascob:Backends:{id}:Type", "Jenkins", $"--Ascob:Backends:{id}:Url", url, $"--Ascob:Backends:{id}:UserName", PretendJenkins.User, $"--Ascob:Backends:{id}:ApiToken", token,
        $"--Ascob:Backends:{id}:Poll:Initial", "00:00:00.100",
    ];

    private static object Spec(string instance, string project, params (string Name, string Value)[] parameters) => new
    {
        submitter = "ada",
        labels = new Dictionary<string, string> { ["jenkins_project_name"] = project, ["jenkins_instance"] = instance },
        parameters = parameters.ToDictionary(p => p.Name, p => p.Value),
    };

    private static string? Text(JsonElement run, string name) => run.GetProperty(name).GetString();

    private Task<long> SubmitAsync(string project, params (string Name, string Value)[] parameters) => SubmitToAsync("jenkins-main", project, parameters);

    private async Task<long> SubmitToAsync(string instance, string project, params (string Name, string Value)[] parameters)
    {
        using var answer = await _client.PostAsJsonAsync("/api/runs", new { jobSpec = Spec(instance, project, parameters) }, Token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
    }

    private async Task<JsonElement> EndAsync(long id)
    {
        await UntilAsync(id, r => Text(r, "status") is "SUCCEEDED" or "FAILED" or "ABORTED");
        return await _client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token);
    }

    private Task UntilAsync(long id, Func<JsonElement, bool> condition) => ShellWorld.UntilAsync(
        async () => condition(await _client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token)));
}
