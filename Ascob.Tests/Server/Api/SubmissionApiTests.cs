using System.Net;
using System.Net.Http.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>What submissions answer, and what they leave behind.</summary>
public sealed class SubmissionApiTests : RunApi
{
    [Fact]
    public async Task Submit_StoresARunThatEnds()
    {
        using var response = await SubmitAsync(new { description = "dummy", labels = Dummy() });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var id = (await JsonAsync(response)).GetProperty("runId").GetInt64();
        Assert.Equal($"/api/runs/{id}", response.Headers.Location?.ToString());
        var run = await EndOfAsync(id);
        Assert.Equal("SUCCEEDED", run.GetProperty("status").GetString());
        foreach (var member in "id parentId status description submitter definedTime submissionTime endTime statusReason backendId backendStatus backendUrl labels parameters locks attempt progress token version route".Split(' '))
        {
            Assert.True(run.TryGetProperty(member, out _), $"{member} is missing");
        }

        Assert.EndsWith("Z", run.GetProperty("definedTime").GetString(), StringComparison.Ordinal);
        Assert.Equal("root", run.GetProperty("token").GetString());
    }

    [Fact]
    public async Task Submit_WithAnIdempotencyKey_AnswersTheSameRunAgain_AndRefusesAnotherBody()
    {
        var key = Guid.NewGuid().ToString();
        var job = new { description = "once", labels = Dummy(), parameters = new { a = "1", b = "2" } };
        var same = new { parameters = new { b = "2", a = "1" }, labels = Dummy(), description = "once" };

        using var first = await SubmitAsync(job, key);
        using var again = await SubmitAsync(same, key);
        using var other = await SubmitAsync(new { description = "twice", labels = Dummy() }, key);

        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal("true", again.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(await RunIdAsync(first), await RunIdAsync(again));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
    }

    [Fact]
    public async Task Submit_WhenNoBackendFits_Answers422AndLeavesNoRun()
    {
        var before = await CountAsync();

        using var response = await SubmitAsync(new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "nowhere" } });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task Explain_AnswersWithoutSideEffect()
    {
        var before = await CountAsync();

        using var response = await Root.PostAsJsonAsync("/api/routing/explain", new { jobSpec = new { labels = Dummy() } }, Cancel);

        Assert.Equal("dummyBackend", (await JsonAsync(response)).GetProperty("backendId").GetString());
        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task SecretLeak_SecretParameters_AreNeverShown()
    {
        var canary = $"canary-{Guid.NewGuid():N}";
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy(), secretParameters = new { password = canary } }));
        var run = await EndOfAsync(id);

        Assert.Equal("***", run.GetProperty("parameters").GetProperty("password").GetString());
        foreach (var path in new[] { $"/api/runs/{id}", $"/api/runs/{id}/events", "/api/runs", $"/api/runs/{id}/files", "/api/locks", "/api/backends" })
        {
            Assert.DoesNotContain(canary, await Root.GetStringAsync(path, Cancel), StringComparison.Ordinal);
        }
    }
}
