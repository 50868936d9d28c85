using Ascob.Core.Backends;
using Ascob.Demo.Jenkins;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>What is made of refusals, silence and garbage.</summary>
public sealed class JenkinsSubmissionAnswerTests : IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    private PretendJenkins Jenkins => _world.Jenkins;

    public async ValueTask InitializeAsync() => _world = await JenkinsWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Guarantee11_WhenCredentialsAreRefusedAndMendedLater_TheRunIsNotLost()
    {
        Jenkins.AddMarked("app");
        using var wrong = _world.NewAdapter(("ApiToken", "wrong-canary"));
        var refused = await wrong.SubmitAsync(JenkinsWorld.Job("app"), JenkinsWorld.Token);
        Jenkins.LackingRights.Add("Job/Build");
        var forbidden = await _world.SubmitAsync("app");
        Jenkins.LackingRights.Clear();

        Assert.Equal((SubmitOutcomeKind.NotNow, SubmitOutcomeKind.NotNow), (refused.Kind, forbidden.Kind));
        Assert.EndsWith("see Ascob:Backends:jenkins-main:ApiToken", refused.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("Job/Build", forbidden.Reason, StringComparison.Ordinal);
        Assert.Equal(SubmitOutcomeKind.Accepted, (await _world.SubmitAsync("app")).Kind);
    }

    [Theory]
    [InlineData("GET", "/job/")]
    [InlineData("POST", "/buildWithParameters")]
    public async Task Guarantee10_WhenAskedForFewerRequests_TheRunWaitsAsLongAsAsked(string method, string part)
    {
        Jenkins.AddMarked("app");
        _world.Answer(method, part, 429, "slow down", headers: [("Retry-After", "17")]);

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal((SubmitOutcomeKind.NotNow, TimeSpan.FromSeconds(17)), (outcome.Kind, outcome.RetryAfter));
        Assert.Equal(1, Jenkins.RequestsTo(method));
    }

    [Theory]
    [InlineData(200, "text/html", "<html><form>login</form></html>")]
    [InlineData(200, "application/json", "{}")]
    [InlineData(200, "application/json", "{\"id\":")]
    [InlineData(200, "application/json", "{\"error\":\"no\"}")]
    [InlineData(201, "text/html", "")]
    [InlineData(500, "text/html", "<html>Oops</html>")]
    [InlineData(502, "text/html", "<html>Bad gateway</html>")]
    [InlineData(503, "text/html", "<html>Service unavailable</html>")]
    [InlineData(504, "text/html", "")]
    [InlineData(299, "text/plain", "what")]
    public async Task Guarantee09_12_WhenTheAnswerToASubmissionMakesNoSense_ItIsInDoubt(int status, string type, string body)
    {
        Jenkins.AddMarked("app");
        _world.Answer("POST", "/buildWithParameters", status, body, type);

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal(SubmitOutcomeKind.Unknown, outcome.Kind);
        Assert.False(string.IsNullOrWhiteSpace(outcome.Reason));
        Assert.Equal(1, Jenkins.RequestsTo("POST"));
    }

    [Theory]
    [InlineData(302, "https://sso.example/login", SubmitOutcomeKind.NotNow)]
    [InlineData(301, "https://jenkins.example/", SubmitOutcomeKind.NotNow)]
    [InlineData(400, null, SubmitOutcomeKind.Rejected)]
    [InlineData(404, null, SubmitOutcomeKind.Rejected)]
    [InlineData(405, null, SubmitOutcomeKind.Rejected)]
    [InlineData(409, null, SubmitOutcomeKind.Rejected)]
    public async Task Submit_WhenTheAnswerSaysThatNothingStarted_IsNoDoubt(int status, string? location, SubmitOutcomeKind expected)
    {
        Jenkins.AddMarked("app");
        _world.Answer("POST", "/buildWithParameters", status, "<html>no</html>", headers: location is null ? [] : [("Location", location)]);

        Assert.Equal(expected, (await _world.SubmitAsync("app")).Kind);
    }

    [Fact]
    public async Task Submit_WhenJenkinsStartsUp_Waits()
    {
        Jenkins.AddMarked("app");
        await _world.AcceptedAsync("app");
        Jenkins.IsStarting = true;

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal((SubmitOutcomeKind.NotNow, "Jenkins is starting or restarting (503)"), (outcome.Kind, outcome.Reason));
    }

    [Theory]
    [InlineData(200, "text/html", "<html><form>login</form></html>")]
    [InlineData(200, "application/json", "{\"_class\":")]
    [InlineData(200, "application/json", "[]")]
    [InlineData(500, "text/html", "<html>Oops</html>")]
    public async Task Pitfall48_WhenTheQuestionBeforeIsAnsweredWithGarbage_NothingIsSentAndTheRunWaits(int status, string type, string body)
    {
        Jenkins.AddMarked("app");
        _world.Answer("GET", "/job/app", status, body, type);

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
        Assert.Equal(0, Jenkins.RequestsTo("POST"));
    }

    [Fact]
    public async Task Pitfall47_WhenTheConnectionBreaksAfterTheSubmission_ItIsSentOnceAndInDoubt_AndTheMarkerFindsIt()
    {
        Jenkins.AddMarked("app");
        var job = JenkinsWorld.Job("app");
        _world.Before("POST", "/buildWithParameters", async context =>
        {
            await Jenkins.HandleAsync(new DefaultHttpContext(context.Features));
            context.Abort();
        });

        var outcome = await _world.Adapter.SubmitAsync(job, JenkinsWorld.Token);
        var queued = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);
        _world.Time.Advance(TimeSpan.FromMinutes(10));
        var built = await _world.Adapter.FindAsync(job, JenkinsWorld.Token);

        Assert.Equal(SubmitOutcomeKind.Unknown, outcome.Kind);
        Assert.Equal(1, Jenkins.RequestsTo("POST"));
        Assert.Equal((FindOutcomeKind.Found, FindOutcomeKind.Found), (queued.Kind, built.Kind));
        Assert.Equal(("1", queued.Keys!["queueId"]), (built.Keys!["buildId"], built.Keys["queueId"]));
    }

    [Fact]
    public async Task Submit_WhenJenkinsHangsBeforeAnythingIsSent_IsNoDoubt()
    {
        _world.Before("GET", "/job/", context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal((SubmitOutcomeKind.NotNow, "the backend did not answer in time"), (outcome.Kind, outcome.Reason));
    }

    [Fact]
    public async Task Submit_WhenItIsGivenUpBeforeAnythingIsSent_IsNoDoubt()
    {
        var asked = new TaskCompletionSource();
        _world.Before("GET", "/job/", context =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(JenkinsWorld.Token);

        var submission = _world.Adapter.SubmitAsync(JenkinsWorld.Job("app"), patience.Token);
        await asked.Task;
        await patience.CancelAsync();

        Assert.Equal((SubmitOutcomeKind.NotNow, "Jenkins did not answer in time before the job could be started"), await submission is var o ? (o.Kind, o.Reason) : default);
        Assert.Equal(0, Jenkins.RequestsTo("POST"));
    }

    [Fact]
    public async Task Submit_WhenAnUnmarkedJobHasToWaitForAnotherOne_IsNoDoubtAndNoFaultOfTheBackend()
    {
        Jenkins.Add("plain");
        var asked = new TaskCompletionSource();
        _world.Before("GET", "/queue/", context =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(JenkinsWorld.Token);

        var first = _world.Adapter.SubmitAsync(JenkinsWorld.Job("plain"), JenkinsWorld.Token);
        await asked.Task;
        var second = _world.Adapter.SubmitAsync(JenkinsWorld.Job("plain"), patience.Token);
        await patience.CancelAsync();

        var outcome = await second;
        Assert.Equal((SubmitOutcomeKind.NotNow, true), (outcome.Kind, outcome.OnlyThisJob));
        Assert.Contains("one at a time", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(SubmitOutcomeKind.NotNow, (await first).Kind);
    }

    [Fact]
    public async Task Submit_WhenThereIsNoJenkinsAtAll_WaitsForTheAddressToBeMended()
    {
        Jenkins.ContextPath = "jenkins";

        var outcome = await _world.SubmitAsync("app");

        Assert.Equal((SubmitOutcomeKind.NotNow, "there is no Jenkins at this address (404); see Ascob:Backends:jenkins-main:Url"), (outcome.Kind, outcome.Reason));
    }

    [Fact]
    public async Task Pitfall50_WhenAPageRepeatsASecret_TheReasonDoesNot()
    {
        Jenkins.AddMarked("app").Parameters.Add(new("KEY", "PasswordParameterDefinition"));
        _world.Answer("POST", "/buildWithParameters", 400, "<html>bad value canary-secret</html>");

        var outcome = await _world.Adapter.SubmitAsync(JenkinsWorld.Job("app") with { Secrets = new Dictionary<string, string> { ["KEY"] = "canary-secret" } }, JenkinsWorld.Token);

        Assert.Equal((SubmitOutcomeKind.Rejected, "Jenkins refuses the request (400): no reason given"), (outcome.Kind, outcome.Reason));
    }

    [Fact]
    public async Task DeadHost_IsSaidWithinSecondsAndWaits()
    {
        var begun = TimeProvider.System.GetTimestamp();
        using var adapter = _world.NewAdapter(("Url", "http://127.0.0.1:1/"));

        var outcome = await adapter.SubmitAsync(JenkinsWorld.Job("app"), JenkinsWorld.Token);

        Assert.Equal((SubmitOutcomeKind.NotNow, "the backend refuses connections"), (outcome.Kind, outcome.Reason));
        Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(5));
    }
}
