using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api.Kuroko2;

public sealed class ExecutionApiTests : Kuroko2Api
{
    protected override string[] Settings =>
        ["--Ascob:Backends:shell:Labels:kuroko2_queue", "@default", "--Ascob:Backends:batch:Type", "Shell", "--Ascob:Backends:batch:Labels:kuroko2_queue", "batch", "--Ascob:ServerName", "web1"];

    [Fact]
    public async Task Kuroko2_behaviour_54_a_drained_backend_takes_nothing_new_and_a_resumed_one_does_and_the_present_command_is_shown()
    {
        var gate = System.IO.Path.Combine(Server.DataDirectory, "gate");
        var definition = await DefineAsync("gated", $"queue: batch\nexecute: until [ -e {gate} ]; do sleep 0.02; done");
        var first = await LaunchAsync(definition);
        await UntilAsync(async () => (await ListAsync("?backend=batch")).GetProperty("running").GetArrayLength() == 1);
        using var drained = await Root.PostAsync("/api/backends/batch/drain", null, Cancel);
        Assert.True(drained.IsSuccessStatusCode);
        var second = await LaunchAsync(definition);

        var now = (await ListAsync("?backend=batch")).GetProperty("running");
        Assert.Equal([(first, "gated", "batch", "web1")], now.EnumerateArray().Select(e => (e.GetProperty("runId").GetInt64(), e.GetProperty("definitionName").GetString(), e.GetProperty("queue").GetString(), e.GetProperty("host").GetString())));
        Assert.Contains("KUROKO2_PROGRAM", now[0].GetProperty("command").GetString(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(gate, string.Empty, Cancel);
        await EndOfAsync(first);
        Assert.Equal("PENDING_SUBMIT", (await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{second}", Cancel)).GetProperty("status").GetString());
        Assert.Empty((await ListAsync("?backend=batch")).GetProperty("running").EnumerateArray());

        using var resumed = await Root.PostAsync("/api/backends/batch/resume", null, Cancel);
        Assert.True(resumed.IsSuccessStatusCode);
        Assert.Equal("SUCCEEDED", (await EndOfAsync(second)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_definition_that_is_no_script_gets_env_through_its_schema()
    {
        var properties = new Dictionary<string, object> { ["WHO"] = new Dictionary<string, object> { ["enum"] = new[] { "ann", "bob" } }, ["N"] = new { type = "integer" }, ["P"] = new { type = "string", writeOnly = true } };
        var content = new { name = "native", apiAllowed = true, jobSpec = new { labels = new { shell_command = "echo \"$WHO $N\"; test ${#P} = 15" } }, parameters = new { properties } };
        using var made = await Root.PostAsJsonAsync("/api/definitions", content, Cancel);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancel));
        var definition = (await JsonAsync(made)).GetProperty("id").GetInt64();

        foreach (var env in new[] { Env(("OTHER", "x")), Env(("WHO", "eve")), Env(("N", "many")) })
        {
            using var refused = await Portal.PostAsJsonAsync(Path(definition), new { env }, Cancel);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        }

        var instance = await LaunchAsync(definition, new { env = Env(("WHO", "ann"), ("N", "3"), ("P", "hunter2-hunter2")) });

        var run = await EndOfAsync(instance);
        Assert.Equal("SUCCEEDED", run.GetProperty("status").GetString());
        Assert.DoesNotContain("hunter2", run.ToString(), StringComparison.Ordinal);
        Assert.Equal("ann 3\n", await OutputAsync(instance));
    }

    [Fact]
    public async Task Kuroko2_behaviour_57_the_memory_of_an_instance_and_the_most_of_its_definition_are_shown()
    {
        var definition = await DefineAsync("hungry", "execute: { head -c $SIZE /dev/zero; sleep 2; } | tail -c $SIZE > /dev/null");
        var large = await LaunchAsync(definition, new { env = Env(("SIZE", "60000000")) });
        var small = await LaunchAsync(definition, new { env = Env(("SIZE", "1000")) });

        var most = (await EndOfAsync(large)).GetProperty("maxMemoryKb").GetInt64();
        var least = (await EndOfAsync(small)).GetProperty("maxMemoryKb").GetInt64();

        Assert.InRange(most, 58_000, 300_000);
        Assert.InRange(least, 100, most - 40_000);
        var memory = await Root.GetFromJsonAsync<JsonElement>("/api/definitions/hungry/memory", Cancel);
        Assert.Equal((definition, most), (memory.GetProperty("definitionId").GetInt64(), memory.GetProperty("maxMemoryKb").GetInt64()));
        Assert.Equal([(small, least), (large, most)], memory.GetProperty("newest").EnumerateArray().Select(r => (r.GetProperty("runId").GetInt64(), r.GetProperty("maxMemoryKb").GetInt64())));
    }

    [Fact]
    public async Task Kuroko2_behaviour_58_the_history_lists_what_has_ended_by_host_and_queue_in_a_chosen_period()
    {
        var plain = await RunAsync("execute: true");
        var batch = await RunAsync("queue: batch\nexecute: exit 3");

        Assert.Equal([batch.Instance, plain.Instance], await IdsAsync(string.Empty));
        Assert.Equal([plain.Instance], await IdsAsync("?queue=@default&host=web1"));
        Assert.Equal([batch.Instance], await IdsAsync("?queue=batch"));
        Assert.Equal([batch.Instance], await IdsAsync("?backend=batch"));
        Assert.Empty(await IdsAsync("?host=web2"));
        var end = (await EndOfAsync(plain.Instance)).GetProperty("endTime").GetDateTimeOffset();
        Assert.Equal([plain.Instance], await IdsAsync($"?from={Time(end)}&to={Time(end.AddMilliseconds(1))}&limit=1"));
        Assert.Empty(await IdsAsync($"?to={Time(end.AddMilliseconds(-1))}"));

        var page = await ListAsync("?limit=1");
        var item = page.GetProperty("items")[0];
        Assert.Equal(("FAILED", 3, "batch", "batch"), (item.GetProperty("status").GetString(), item.GetProperty("exitCode").GetInt32(), item.GetProperty("queue").GetString(), item.GetProperty("backend").GetString()));
        Assert.True(item.GetProperty("startTime").GetDateTimeOffset() <= item.GetProperty("endTime").GetDateTimeOffset());
        Assert.Equal([plain.Instance], await IdsAsync($"?limit=1&to={Time(page.GetProperty("to").GetDateTimeOffset())}&cursor={page.GetProperty("nextCursor").GetString()}"));
    }

    [Fact]
    public async Task Whoever_may_see_the_runs_of_some_submitters_sees_their_executions_only()
    {
        await RunAsync("execute: true");
        using var scoped = await Server.ClientAsync(["job_run_search"], ["ann"]);

        Assert.Empty((await scoped.GetFromJsonAsync<JsonElement>("/api/executions", Cancel)).GetProperty("items").EnumerateArray());
    }

    [Theory]
    [InlineData("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("?from=yesterday", "from")]
    [InlineData("?cursor=x", "cursor")]
    [InlineData("?limit=501", "limit")]
    public async Task What_is_no_question_is_refused_with_its_field(string query, string field)
    {
        using var response = await Root.GetAsync("/api/executions" + query, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await JsonAsync(response)).GetProperty("errors").TryGetProperty(field, out _));
    }

    private static string Time(DateTimeOffset time) => Uri.EscapeDataString(time.ToString("O", CultureInfo.InvariantCulture));

    private static async Task UntilAsync(Func<Task<bool>> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"Not within a minute: {what}.");
            await Task.Delay(20, Cancel);
        }
    }

    private Task<JsonElement> ListAsync(string query) => Root.GetFromJsonAsync<JsonElement>("/api/executions" + query, Cancel);

    private async Task<IEnumerable<long>> IdsAsync(string query) => (await ListAsync(query)).GetProperty("items").EnumerateArray().Select(e => e.GetProperty("runId").GetInt64());
}
