using System.Net;
using System.Text;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Core.Client;

public sealed class AscobClientTests
{
    private static readonly JobSpec Spec = JobSpec.Builder("ada").WithLabel("shell_command", "true").Build();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitAsync_SendsTokenBodyAndAKeyOfItsOwn()
    {
        await using var server = await StubServer.StartAsync((_, context) => StubServer.JsonAsync(context, new SubmitRunResponse(12), 201));

        var first = await server.Client.SubmitAsync(Spec, cancellationToken: Stop);
        await server.Client.SubmitAsync(Spec, cancellationToken: Stop);
        await server.Client.SubmitAsync(Spec, "mine", Stop);

        Assert.Equal(12, first);
        var requests = server.Requests.ToArray();
        Assert.All(requests, r => Assert.Equal("POST /api/runs", r.Line));
        Assert.All(requests, r => Assert.Equal("secret", r.Headers["X-Api-Token"]));
        Assert.Equal(CanonicalJobSpec.Hash(Spec), CanonicalJobSpec.Hash(JsonSerializer.Deserialize<SubmitRunRequest>(requests[0].Body, AscobJson.Options)!.JobSpec!));
        Assert.Equal(3, requests.Select(r => r.Headers["Idempotency-Key"]).Distinct().Count());
        Assert.Equal("mine", requests[2].Headers["Idempotency-Key"]);
    }

    [Fact]
    public async Task SubmitAsync_WhenTheAnswerIsLostOr503_RepeatsWithTheSameKey()
    {
        await using var server = await StubServer.StartAsync((request, context) =>
        {
            switch (request.Number)
            {
                case 1:
                    context.Abort();
                    return Task.CompletedTask;
                case 2:
                    return StubServer.ProblemAsync(context, 503, "store.unavailable");
                default:
                    return StubServer.JsonAsync(context, new SubmitRunResponse(12));
            }
        });

        Assert.Equal(12, await server.Client.SubmitAsync(Spec, cancellationToken: Stop));
        Assert.Equal(3, server.Requests.Count);
        Assert.Single(server.Requests.Select(r => r.Headers["Idempotency-Key"]).Distinct());
    }

    [Fact]
    public async Task SubmitAsync_WhenItNeverWorks_GivesUpAfterTheLastAttempt()
    {
        await using var server = await StubServer.StartAsync((_, context) => StubServer.ProblemAsync(context, 503, "store.unavailable"));

        var refusal = await Assert.ThrowsAsync<AscobApiException>(() => server.Client.SubmitAsync(Spec, cancellationToken: Stop));

        Assert.Equal("store.unavailable", refusal.Code);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task SubmitAsync_WhenNobodyListens_FailsAsUnreachable()
    {
        Uri gone;
        await using (var server = await StubServer.StartAsync((_, _) => Task.CompletedTask))
        {
            gone = server.Url;
        }

        using var client = new AscobClient(gone, "secret", new AscobClientOptions { FirstDelay = TimeSpan.FromMilliseconds(1), MaxAttempts = 2 });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.SubmitAsync(Spec, cancellationToken: Stop));
    }

    [Fact]
    public async Task ARefusal_IsAnExceptionWithAllThatIsKnown()
    {
        await using var server = await StubServer.StartAsync((_, context) => StubServer.ProblemAsync(context, 400, "request.invalid"));

        var refusal = await Assert.ThrowsAsync<AscobApiException>(() => server.Client.SubmitAsync(Spec, cancellationToken: Stop));

        Assert.Equal(HttpStatusCode.BadRequest, refusal.Status);
        Assert.Equal("request.invalid", refusal.Code);
        Assert.Equal(["too many"], refusal.Errors["jobSpec.labels"]);
        Assert.Contains("It cannot be. jobSpec.labels: too many", refusal.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("text/html", "<html>")]
    [InlineData("application/problem+json", "{broken")]
    [InlineData("application/problem+json", "")]
    public async Task ARefusalOfAnotherServer_IsAnExceptionToo(string type, string body)
    {
        await using var server = await StubServer.StartAsync((_, context) =>
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = type;
            return context.Response.WriteAsync(body);
        });

        var refusal = await Assert.ThrowsAsync<AscobApiException>(() => server.Client.GetAsync(7, Stop));

        Assert.Equal((HttpStatusCode.NotFound, "http.404"), (refusal.Status, refusal.Code));
    }

    [Fact]
    public async Task AnAnswerThatMakesNoSense_IsNotTakenForOne()
    {
        await using var server = await StubServer.StartAsync((_, context) =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"id":7,"status":"PAUSED"}""");
        });

        var refusal = await Assert.ThrowsAsync<AscobApiException>(() => server.Client.GetAsync(7, Stop));

        Assert.Equal("response.unreadable", refusal.Code);
    }

    [Fact]
    public async Task WaitForCompletionAsync_AsksWithLongPollsUntilTheRunIsFinal()
    {
        var ended = new TaskCompletionSource();
        await using var server = await StubServer.StartAsync(async (request, context) =>
        {
            await ended.Task;
            await StubServer.JsonAsync(context, StubServer.Run(RunStatus.Succeeded));
        });

        var wait = server.Client.WaitForCompletionAsync(7, cancellationToken: Stop);
        Assert.False(wait.IsCompleted);
        ended.SetResult();

        var run = await wait;
        Assert.Equal(RunStatus.Succeeded, run.Status);
        Assert.True(run.IsFinal && run.HasSucceeded);
        Assert.Equal("GET /api/runs/7?waitSeconds=30", Assert.Single(server.Requests).Line);
    }

    [Fact]
    public async Task WaitForCompletionAsync_WhenTheTimeIsOver_SaysWhereTheRunStands()
    {
        await using var server = await StubServer.StartAsync((_, context) => StubServer.JsonAsync(context, StubServer.Run(RunStatus.WaitingLocks)));

        var over = await Assert.ThrowsAsync<TimeoutException>(() => server.Client.WaitForCompletionAsync(7, TimeSpan.Zero, Stop));

        Assert.Contains("WAITING_LOCKS", over.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACall_WhenTheServerNeverAnswers_EndsInTime()
    {
        await using var server = await StubServer.StartAsync((_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var client = new AscobClient(server.Url, "secret", new AscobClientOptions { CallTimeout = TimeSpan.FromMilliseconds(50), MaxAttempts = 1 });

        await Assert.ThrowsAsync<TimeoutException>(() => client.GetAsync(7, Stop));
    }

    [Fact]
    public async Task ACall_WhenTheCallerGivesUp_IsCancelledAndNotRepeated()
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using var server = await StubServer.StartAsync(async (_, context) =>
        {
            await giveUp.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Client.SubmitAsync(Spec, cancellationToken: giveUp.Token));

        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task CallsThatMustNotBeRepeated_AreSentOnceAndWithABody()
    {
        await using var server = await StubServer.StartAsync((_, context) =>
        {
            context.Abort();
            return Task.CompletedTask;
        });

        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.StartAsync(7, Stop));
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.ResubmitAsync(7, cancellationToken: Stop));
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.CreateTokenAsync("a b", new CreateTokenRequest(0, []), cancellationToken: Stop));

        Assert.Equal(["POST /api/runs/7/start", "POST /api/runs/7/resubmit", "POST /api/security/tokens/a b"], server.Requests.Select(r => r.Line));
        Assert.All(server.Requests, r => Assert.StartsWith("{", r.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task SearchAsync_ReadsAllPages()
    {
        await using var server = await StubServer.StartAsync((request, context) => StubServer.JsonAsync(
            context, new RunList([StubServer.Run(RunStatus.InDoubt, 10 - request.Number)], request.Number < 3 ? $"c{request.Number}+" : null)));

        var query = new RunQuery
        {
            Submitter = "ada & co",
            Status = [RunStatus.InDoubt, RunStatus.WaitingLocks],
            Label = ["k:v", "team:a/b"],
            DefinedAfter = DateTimeOffset.UnixEpoch,
            Limit = 1,
        };
        var found = new List<long>();
        await foreach (var run in server.Client.SearchAsync(query, Stop))
        {
            found.Add(run.Id);
        }

        Assert.Equal([9, 8, 7], found);
        var target = Uri.UnescapeDataString(server.Requests.First().Target);
        Assert.Contains("submitter=ada & co", target, StringComparison.Ordinal);
        Assert.Contains("status=IN_DOUBT&status=WAITING_LOCKS", target, StringComparison.Ordinal);
        Assert.Contains("label=k:v&label=team:a/b", target, StringComparison.Ordinal);
        Assert.Contains("definedAfter=1970-01-01T00:00:00.000000Z", target, StringComparison.Ordinal);
        Assert.DoesNotContain("cursor", target, StringComparison.Ordinal);
        Assert.Contains("cursor=c2%2B", server.Requests.Last().Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UploadFileAsync_StreamsTheBytesAndLeavesTheStreamOpen()
    {
        await using var server = await StubServer.StartAsync((_, _) => Task.CompletedTask);
        using var content = new MemoryStream(Encoding.UTF8.GetBytes("hello"));

        await server.Client.UploadFileAsync(7, "in put.txt", content, Stop);

        var request = Assert.Single(server.Requests);
        Assert.Equal(("PUT /api/runs/7/files/in put.txt", "hello", "application/octet-stream"), (request.Line, request.Body, request.Headers["Content-Type"]));
        Assert.True(content.CanRead);
        await Assert.ThrowsAsync<ArgumentException>(() => server.Client.UploadFileAsync(7, "..", content, Stop));
    }

    [Fact]
    public async Task SubmitWithFilesAsync_SendsTheRequestAndTheFilesAsParts()
    {
        await using var server = await StubServer.StartAsync((_, context) => StubServer.JsonAsync(context, new SubmitRunResponse(3), 201));
        using var content = new MemoryStream(Encoding.UTF8.GetBytes("hello"));

        var runId = await server.Client.SubmitWithFilesAsync(Spec, new Dictionary<string, Stream> { ["input"] = content }, cancellationToken: Stop);

        Assert.Equal(3, runId);
        var request = Assert.Single(server.Requests);
        Assert.StartsWith("multipart/form-data", request.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Contains("name=request", request.Body.Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("""{"jobSpec":{"submitter":"ada",""", request.Body, StringComparison.Ordinal);
        Assert.Contains("filename=input", request.Body.Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("hello", request.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_AreThoseOfTheWireContract()
    {
        await using var server = await StubServer.StartAsync((_, context) =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"items":[],"candidates":[],"refused":[],"identifier":"t","authorities":[],"secret":"s","held":true,"id":7,"status":"RUNNING","definedTime":"2026-01-31T12:00:00Z"}""");
        });
        var api = server.Client.Api;
        var none = EmptyRequest.Instance;

        await api.StopAsync(7, true, Stop);
        await api.RefreshAsync(7, none, Stop);
        await api.ResolveAsync(7, new ResolveRequest(ResolutionVerdict.NotStarted, null, "r"), Stop);
        await api.SearchRunsAsync(new SearchRunsRequest(), Stop);
        await api.GetEventsAsync(7, Stop);
        await api.ListFilesAsync(7, Stop);
        await api.ExplainAsync(new SubmitRunRequest(Spec), Stop);
        await api.ListBackendsAsync(Stop);
        await api.DrainBackendAsync("b", none, Stop);
        await api.ResumeBackendAsync("b", none, Stop);
        await api.ListLocksAsync(Stop);
        await api.BreakLockAsync("q/owner/z", Stop);
        await api.VerifyLockAsync("l", 3, Stop);
        await api.ConfirmLocksAsync(new ConfirmLocksRequest("rebuilt"), Stop);
        await api.CallBackAsync("7-s", new CallbackRequest(), Stop);
        await api.ClaimAsync("7-s", new ClaimRequest("e"), Stop);
        await api.WhoAmIAsync(Stop);
        await api.ListTokensAsync(Stop);
        await api.CreateTokenAsync("t", new CreateTokenRequest(60, ["job_submit"]), true, Stop);
        await api.DeleteTokenAsync("t", Stop);
        using var output = await api.GetStderrAsync(7, 5, null, 2, Stop);
        using var file = await api.GetCallbackFileAsync("7-s", "f", Stop);

        Assert.Equal(
            [
                "DELETE /api/runs/7?force=true", "POST /api/runs/7/refresh", "POST /api/runs/7/resolve", "POST /api/search/runs",
                "GET /api/runs/7/events", "GET /api/runs/7/files", "POST /api/routing/explain", "GET /api/backends",
                "POST /api/backends/b/drain", "POST /api/backends/b/resume", "GET /api/locks", "DELETE /api/locks/q%2Fowner%2Fz",
                "GET /api/locks/l/verify?fence=3", "POST /api/locks/consul/confirm", "POST /api/webhooks/runs/7-s", "POST /api/webhooks/runs/7-s/claim",
                "GET /api/security/whoami", "GET /api/security/tokens", "POST /api/security/tokens/t?rotate=true", "DELETE /api/security/tokens/t",
                "GET /api/runs/7/output/stderr.txt?offset=5&attempt=2", "GET /api/webhooks/runs/7-s/files/f",
            ],
            server.Requests.Select(r => r.Line));
    }
}
