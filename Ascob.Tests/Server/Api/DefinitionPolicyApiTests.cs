using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>What keeps a definition from being launched again, over HTTP.</summary>
public sealed class DefinitionPolicyApiTests : DefinitionApi
{
    private static readonly object Failing = new { labels = Labels(("dummy_run_ms", "10"), ("dummy_result", "failure")) };
    private static readonly object Slow = new { labels = Labels(("dummy_run_ms", "60000")) };

    [Fact]
    public async Task Kuroko2_32_SecondLaunchWhileWorkingOrError_IsRecordedAndCanceledAtOnce()
    {
        await DefineAsync("job", nextExecution: "not_while_working_or_error", jobSpec: Slow);
        var first = await RunIdAsync(await LaunchAsync("job"));

        using var second = await LaunchAsync("job");

        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        var answer = await JsonAsync(second);
        Assert.True(answer.GetProperty("prevented").GetBoolean());
        var prevented = await GetAsync($"/api/runs/{answer.GetProperty("runId").GetInt64()}");
        Assert.Equal("ABORTED", prevented.GetProperty("status").GetString());
        Assert.StartsWith($"prevented: run {first} ", prevented.GetProperty("statusReason").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, Ids(await GetAsync("/api/runs?definition=job")).Count());
        Assert.Equal(string.Empty, await Root.GetStringAsync($"/api/runs/{prevented.GetProperty("id").GetInt64()}/output.txt", Cancel));
        await StopAsync(first);
        Assert.False(await IsPreventedAsync("job"));

        await DefineAsync("broken", nextExecution: "not_while_working_or_error", jobSpec: Failing);
        await EndOfAsync(await RunIdAsync(await LaunchAsync("broken")));
        Assert.True(await IsPreventedAsync("broken"));
    }

    [Fact]
    public async Task Kuroko2_33_EachPolicyBlocksOnlyWhatItSays()
    {
        foreach (var (policy, working, error) in new[] { ("always", false, false), ("not_while_working", true, false), ("not_while_error", false, true) })
        {
            await DefineAsync($"slow {policy}", nextExecution: policy, jobSpec: Slow);
            var run = await RunIdAsync(await LaunchAsync($"slow {policy}"));
            Assert.Equal(working, await IsPreventedAsync($"slow {policy}"));
            await StopAsync(run);

            await DefineAsync($"broken {policy}", nextExecution: policy, jobSpec: Failing);
            await EndOfAsync(await RunIdAsync(await LaunchAsync($"broken {policy}")));
            Assert.Equal(error, await IsPreventedAsync($"broken {policy}"));
        }
    }

    [Fact]
    public async Task Acknowledge_LetsTheNextLaunchThrough_AndSaysWho()
    {
        await DefineAsync("broken", nextExecution: "not_while_error", jobSpec: Failing);
        using var nothing = await Root.PostAsync("/api/definitions/broken/acknowledge", null, Cancel);
        Assert.Equal(HttpStatusCode.Conflict, nothing.StatusCode);
        var failed = await RunIdAsync(await LaunchAsync("broken"));
        await EndOfAsync(failed);
        Assert.Equal(failed, (await GetAsync("/api/definitions/broken")).GetProperty("failedRun").GetInt64());

        using var acknowledged = await Root.PostAsJsonAsync("/api/definitions/broken/acknowledge", new { reason = "known" }, Cancel);

        var body = await JsonAsync(acknowledged);
        Assert.Equal((failed, "token:root", "known"), (body.GetProperty("runId").GetInt64(), body.GetProperty("actor").GetString(), body.GetProperty("reason").GetString()));
        Assert.Equal(JsonValueKind.Null, (await GetAsync("/api/definitions/broken")).GetProperty("failedRun").ValueKind);
        Assert.False(await IsPreventedAsync("broken"));
    }

    [Fact]
    public async Task Launches_FiftyAtOnce_ExactlyOneStarts()
    {
        await DefineAsync("job", nextExecution: "not_while_working", jobSpec: Slow);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            using var response = await LaunchAsync("job");
            return (await JsonAsync(response)).GetProperty("prevented").GetBoolean();
        }));

        Assert.Single(answers, prevented => !prevented);
        var runs = (await GetAsync("/api/runs?definition=job&limit=100")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(50, runs.Count);
        var started = Assert.Single(runs, r => r.GetProperty("status").GetString() != "ABORTED");
        await StopAsync(started.GetProperty("id").GetInt64());
    }

    private static Dictionary<string, string> Labels(params (string Key, string Value)[] more)
    {
        var labels = Dummy();
        foreach (var (key, value) in more)
        {
            labels[key] = value;
        }

        return labels;
    }

    private async Task<bool> IsPreventedAsync(string name)
    {
        using var response = await LaunchAsync(name);
        var body = await JsonAsync(response);
        if (!body.GetProperty("prevented").GetBoolean())
        {
            await StopAsync(body.GetProperty("runId").GetInt64());
            return false;
        }

        return true;
    }

    private async Task StopAsync(long id)
    {
        using var stop = await Root.DeleteAsync($"/api/runs/{id}?force=true", Cancel);
        await EndOfAsync(id);
    }
}
