using System.Net;
using System.Net.Http.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>Resubmissions of runs of definitions: the definition's policy counts for them as for launches.</summary>
public sealed class ResubmissionPolicyTests : DefinitionApi
{
    private static readonly object Quick = new { labels = Dummy() };
    private static readonly object Failing = new { labels = With("dummy_result", "failure") };
    private static readonly object Slow = new { labels = With("dummy_run_ms", "60000") };

    [Fact]
    public async Task Resubmit_WhileARunOfTheDefinitionIsUnderWay_IsRecordedAndAnsweredLikeAPreventedLaunch()
    {
        await DefineAsync("job", nextExecution: "not_while_working", jobSpec: Quick);
        var first = await RunIdAsync(await LaunchAsync("job"));
        await EndOfAsync(first);
        await SaveAsync("job", "not_while_working", Slow);
        var working = await RunIdAsync(await LaunchAsync("job"));

        using var response = await ResubmitAsync(first, "key");
        using var again = await ResubmitAsync(first, "key");

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (response.StatusCode, again.StatusCode));
        var (answer, replayed) = (await JsonAsync(response), await JsonAsync(again));
        Assert.True(answer.GetProperty("prevented").GetBoolean());
        Assert.Equal(answer.ToString(), replayed.ToString());
        var run = await GetAsync($"/api/runs/{answer.GetProperty("runId").GetInt64()}");
        Assert.Equal("ABORTED", run.GetProperty("status").GetString());
        Assert.StartsWith($"prevented: run {working} ", run.GetProperty("statusReason").GetString(), StringComparison.Ordinal);
        Assert.Equal(("job", 1, first), (run.GetProperty("definitionName").GetString(), run.GetProperty("definitionVersion").GetInt32(), run.GetProperty("parentId").GetInt64()));
        await StopAsync(working);
        Assert.False(await IsPreventedAsync(first));
    }

    [Fact]
    public async Task Resubmit_WithOtherParameters_IsRefused_ForOnlyALaunchChecksThem()
    {
        await DefineAsync("job", jobSpec: Quick);
        var first = await RunIdAsync(await LaunchAsync("job"));

        using var refused = await Root.PostAsJsonAsync($"/api/runs/{first}/resubmit", new { parameters = new { mode = "evil" } }, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("/api/definitions/job/runs", (await JsonAsync(refused)).GetProperty("errors").GetProperty("parameters")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resubmit_TwentyAtOnce_ExactlyOneStarts()
    {
        await DefineAsync("job", nextExecution: "not_while_working", jobSpec: Slow);
        var first = await RunIdAsync(await LaunchAsync("job"));
        await StopAsync(first);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var response = await ResubmitAsync(first);
            return await JsonAsync(response);
        }));

        var started = Assert.Single(answers, a => !a.GetProperty("prevented").GetBoolean());
        await StopAsync(started.GetProperty("runId").GetInt64());
    }

    [Fact]
    public async Task Resubmit_OfTheFailureThatStands_IsAllowed_AndOfAnotherRunIsPreventedByIt()
    {
        await DefineAsync("broken", nextExecution: "not_while_error", jobSpec: Failing);
        var known = await FailAsync("broken");
        using var acknowledged = await Root.PostAsync("/api/definitions/broken/acknowledge", null, Cancel);
        Assert.Equal(HttpStatusCode.OK, acknowledged.StatusCode);
        var standing = await FailAsync("broken");

        Assert.True(await IsPreventedAsync(known));
        Assert.False(await IsPreventedAsync(standing));

        // The resubmission has failed too, and is the failure that stands now: it belongs to the same chain.
        Assert.False(await IsPreventedAsync(standing));
        Assert.True(await IsPreventedAsync(known));
    }

    [Fact]
    public async Task Resubmit_WhereThePolicyWasChangedSince_FollowsThePresentOne()
    {
        await DefineAsync("job", jobSpec: Slow);
        var first = await RunIdAsync(await LaunchAsync("job"));
        using var free = await ResubmitAsync(first);
        var answer = await JsonAsync(free);
        Assert.False(answer.GetProperty("prevented").GetBoolean());

        await SaveAsync("job", "not_while_working", Slow);

        Assert.True(await IsPreventedAsync(first));
        await StopAsync(first);
        await StopAsync(answer.GetProperty("runId").GetInt64());
    }

    [Fact]
    public async Task Resubmit_WhereTheDefinitionIsSuspended_Starts()
    {
        await DefineAsync("sleepy", nextExecution: "not_while_working_or_error");
        var first = await RunIdAsync(await LaunchAsync("sleepy"));
        await EndOfAsync(first);
        using var suspended = await Root.PostAsync("/api/definitions/sleepy/suspend", null, Cancel);
        Assert.Equal(HttpStatusCode.OK, suspended.StatusCode);

        Assert.False(await IsPreventedAsync(first));
    }

    [Fact]
    public async Task Resubmit_WhereTheDefinitionWasDeleted_IsAConflictThatSaysSo_AndLeavesNothing()
    {
        await DefineAsync("gone");
        var first = await RunIdAsync(await LaunchAsync("gone"));
        await EndOfAsync(first);
        using var deleted = await Root.DeleteAsync("/api/definitions/gone", Cancel);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        using var response = await ResubmitAsync(first);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        var problem = await JsonAsync(response);
        Assert.Equal("definition.gone", problem.GetProperty("code").GetString());
        Assert.Contains("'gone'", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Resubmit_AtTheMomentOfTheDeletion_LeavesNoRunUnderWayOfADefinitionThatIsGone()
    {
        for (var round = 0; round < 10; round++)
        {
            var name = $"job {round}";
            await DefineAsync(name, jobSpec: Slow);
            var first = await RunIdAsync(await LaunchAsync(name));
            await StopAsync(first);

            var resubmitting = ResubmitAsync(first);
            using var deleted = await Root.DeleteAsync($"/api/definitions/{Uri.EscapeDataString(name)}", Cancel);
            using var resubmitted = await resubmitting;

            var outcome = (deleted.StatusCode, resubmitted.StatusCode);
            Assert.True(
                outcome is (HttpStatusCode.NoContent, HttpStatusCode.Conflict) or (HttpStatusCode.Conflict, HttpStatusCode.Created),
                $"deletion {outcome.Item1}, resubmission {outcome.Item2}");
            if (resubmitted.IsSuccessStatusCode)
            {
                await StopAsync(await RunIdAsync(resubmitted));
            }
        }
    }

    private static Dictionary<string, string> With(string key, string value)
    {
        var labels = Dummy();
        labels[key] = value;
        return labels;
    }

    private async Task SaveAsync(string name, string nextExecution, object jobSpec)
    {
        using var saved = await Root.PutAsJsonAsync($"/api/definitions/{name}", new { jobSpec, nextExecution }, Cancel);
        Assert.True(saved.IsSuccessStatusCode, await saved.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<long> FailAsync(string name)
    {
        var run = await EndOfAsync(await RunIdAsync(await LaunchAsync(name)));
        Assert.Equal("FAILED", run.GetProperty("status").GetString());
        return run.GetProperty("id").GetInt64();
    }

    private async Task<HttpResponseMessage> ResubmitAsync(long id, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/runs/{id}/resubmit");
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await Root.SendAsync(request, Cancel);
    }

    // Waits for the end of what it started, so that it stands in nobody's way.
    private async Task<bool> IsPreventedAsync(long id)
    {
        using var response = await ResubmitAsync(id);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        var answer = await JsonAsync(response);
        await EndOfAsync(answer.GetProperty("runId").GetInt64());
        return answer.GetProperty("prevented").GetBoolean();
    }

    private async Task StopAsync(long id)
    {
        using var stop = await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel);
        var run = await EndOfAsync(id);
        Assert.Equal("ABORTED", run.GetProperty("status").GetString());
    }
}
