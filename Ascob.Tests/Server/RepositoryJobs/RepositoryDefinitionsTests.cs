using System.Net;
using System.Net.Http.Json;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>Jobs of the repository in the catalogue of definitions.</summary>
public sealed class RepositoryDefinitionsTests : OverseerApi
{
    [Fact]
    public async Task AJob_IsADefinition_WhoseVersionsFollowItsChanges()
    {
        var first = Git.Commit(("a.yml", "- description: text\n  command: echo {{ x }}\n  vars: [{name: x, type: int}, {name: y, type: enum, values: [p, q]}]"));
        await RefreshAsync();
        var made = await GetAsync("/api/definitions/a");
        Assert.Equal(("git", 1, "text"), (made.GetProperty("source").GetString(), made.GetProperty("version").GetInt32(), made.GetProperty("description").GetString()));
        Assert.Equal(first, made.GetProperty("annotations").GetProperty("repository.commit").GetString());
        Assert.Equal("Ada <ada@example.org>", made.GetProperty("annotations").GetProperty("repository.author").GetString());
        Assert.Equal("integer", made.GetProperty("parameters").GetProperty("properties").GetProperty("x").GetProperty("type").GetString());
        Assert.Equal("x", made.GetProperty("parameters").GetProperty("required")[0].GetString());

        await ApplyAsync(("other.txt", "x"));
        Assert.Equal(1, (await GetAsync("/api/definitions/a")).GetProperty("version").GetInt32());
        var second = Git.Commit(("a.yml", "- command: echo two {{ x }}\n  vars: [{name: x}]"));
        await RefreshAsync();

        var changed = await GetAsync("/api/definitions/a");
        Assert.Equal((2, second), (changed.GetProperty("version").GetInt32(), changed.GetProperty("annotations").GetProperty("repository.commit").GetString()));
        await ApplyAsync(("a.yml", null), ("b.yml", "{}"));
        Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync("/api/definitions/a", Cancel)).StatusCode);
    }

    [Fact]
    public async Task AJobsDefinition_IsChangedByCommitsOnly()
    {
        await ApplyAsync(("a.yml", "- command: echo a"));

        var saved = await Root.PutAsJsonAsync("/api/definitions/a", new { jobSpec = new { labels = new { shell_command = "echo b" } } }, Cancel);
        var deleted = await Root.DeleteAsync("/api/definitions/a", Cancel);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (saved.StatusCode, deleted.StatusCode));
        Assert.Equal("a\n", await OutputAsync("a"));
    }

    [Fact]
    public async Task AJobsDefinition_IsSuspendedByTakingTheJobOut()
    {
        await ApplyAsync(("A job.yml", "- command: echo a"));

        using var suspended = await Root.PostAsync("/api/definitions/A%20job/suspend", null, Cancel);
        Assert.Equal(HttpStatusCode.Conflict, suspended.StatusCode);
        Assert.Contains("/jobs/A%20job", (await JsonAsync(suspended)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.False((await GetAsync("/api/definitions/A%20job")).GetProperty("suspended").GetBoolean());
        await Root.DeleteAsync("/jobs/A%20job", Cancel);
        using var resumed = await Root.PostAsync("/api/definitions/A%20job/resume", null, Cancel);
        Assert.Equal(HttpStatusCode.Conflict, resumed.StatusCode);

        // Whatever else a commit changes, it stays so.
        await ApplyAsync(("unrelated.txt", "x"));
        Assert.True((await GetAsync("/api/definitions/A%20job")).GetProperty("suspended").GetBoolean());
    }

    [Fact]
    public async Task WhatIsEverybodys_IsNotTurnedOnAndOffByTokensOfSomeSubmitters()
    {
        await ApplyAsync(("a.yml", "- command: echo a"));
        using var made = await Root.PostAsJsonAsync("/api/definitions", new { name = "common", jobSpec = new { labels = new { shell_command = "true" } } }, Cancel);
        using var own = await Root.PostAsJsonAsync("/api/definitions", new { name = "own", jobSpec = new { submitter = "alice", labels = new { shell_command = "true" } } }, Cancel);
        using var bound = await Server.ClientAsync(["definition_write", "definition_read", "repository_write", "repository_read"], ["alice"]);

        foreach (var request in new[] { "POST /api/definitions/common/suspend", "POST /api/definitions/common/resume", "DELETE /api/definitions/common", "DELETE /jobs/a", "PUT /jobs/a", "POST /api/repository/refresh" })
        {
            using var message = new HttpRequestMessage(new HttpMethod(request.Split(' ')[0]), request.Split(' ')[1]);
            using var response = await bound.SendAsync(message, Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{request}: {response.StatusCode}");
        }

        Assert.True((await GetAsync("/jobs/a")).GetProperty("active").GetBoolean());
        using var theirs = await bound.PostAsync("/api/definitions/own/suspend", null, Cancel);
        Assert.Equal(HttpStatusCode.OK, theirs.StatusCode);
    }

    [Fact]
    public async Task Executions_AreRunsOfTheDefinition_WhicheverInterfaceStartsThem()
    {
        await ApplyAsync(("a.yml", "- command: tool {{ x }}\n  vars: [{name: x}, {name: y, option: yes}]"), ("bin/tool", "#!/bin/sh\nprintf '[%s]' \"$@\""));

        var overseer = await ExecuteAsync("a", new { x = "1" });
        var native = await Root.PostAsJsonAsync("/api/definitions/a/runs", new { parameters = new { x = "$(id)", y = "2 3" } }, Cancel);
        Assert.True(native.IsSuccessStatusCode, await native.Content.ReadAsStringAsync(Cancel));

        await EndAsync(overseer);
        var runId = (await JsonAsync(native)).GetProperty("runId").GetInt64();
        var run = await GetAsync($"/api/runs/{runId}?waitSeconds=60");
        Assert.Equal(("SUCCEEDED", "a", 1), (run.GetProperty("status").GetString(), run.GetProperty("definitionName").GetString(), run.GetProperty("definitionVersion").GetInt32()));
        Assert.Equal("[$(id)][--y][2 3]", await Root.GetStringAsync($"/api/runs/{runId}/output/stdout.txt", Cancel));
        Assert.Equal("a", (await GetAsync($"/api/runs/{(await GetAsync(overseer)).GetProperty("runId").GetInt64()}")).GetProperty("definitionName").GetString());
        var executions = (await GetAsync("/jobs/a")).GetProperty("executions").EnumerateArray().Select(e => e.GetString()).ToList();
        Assert.Equal(2, executions.Count);
        Assert.Equal(runId, (await GetAsync($"/jobs/a/{executions[0]}")).GetProperty("runId").GetInt64());

        var bad = await Root.PostAsJsonAsync("/api/definitions/a/runs", new { parameters = new { z = 1 } }, Cancel);
        Assert.False(bad.IsSuccessStatusCode);
        await Root.DeleteAsync("/jobs/a", Cancel);
        Assert.True((await GetAsync("/api/definitions/a")).GetProperty("suspended").GetBoolean());
        Assert.Equal(HttpStatusCode.Conflict, (await Root.PostAsJsonAsync("/api/definitions/a/runs", new { parameters = new { x = "1" } }, Cancel)).StatusCode);
    }

    [Fact]
    public async Task AJobOfOnesOwnMaking_IsNoRunOfARepositorysDefinition()
    {
        await ApplyAsync(("hello.yml", "- command: echo hello"));
        var forged = new { parameters = new { nope = 1 }, jobSpec = new { labels = new { shell_command = "echo forged" } } };

        var active = await Root.PostAsJsonAsync("/api/definitions/hello/runs", forged, Cancel);
        await Root.DeleteAsync("/jobs/hello", Cancel);
        var inactive = await Root.PostAsJsonAsync("/api/definitions/hello/runs", forged, Cancel);

        foreach (var refused in new[] { active, inactive })
        {
            var body = await refused.Content.ReadAsStringAsync(Cancel);
            Assert.True(refused.StatusCode == HttpStatusCode.Conflict, $"{refused.StatusCode}: {body}");
            Assert.Contains("definition.read_only", body, StringComparison.Ordinal);
        }

        Assert.Empty((await GetAsync("/api/runs?definition=hello")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task ANameThatIsTaken_LeavesTheDefinitionAloneAndTheJobRuns()
    {
        var made = await Root.PostAsJsonAsync("/api/definitions", new { name = "a", jobSpec = new { labels = new { shell_command = "echo of the API" } } }, Cancel);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancel));

        await ApplyAsync(("a.yml", "- command: echo of the repository"));

        Assert.Equal("of the repository\n", await OutputAsync("a"));
        Assert.NotEqual("git", (await GetAsync("/api/definitions/a")).TryGetProperty("source", out var source) ? source.GetString() : null);
    }

    [Fact]
    public async Task B36_To_B41_Schedules_RunJobsByThemselves_AndOnlyThose()
    {
        await ApplyAsync(
            ("often.yml", "- command: echo x\n  schedule: [{frequency: '1', priority: '3'}]"),
            ("cron.yml", "- schedule: [{frequency: '*/5 * * * *'}]"),
            ("once.yml", "- schedule: [{time: 2099-01-31 12:00:00}]"),
            ("wrong.yml", "- schedule: [{frequency: '99 * * * *'}, {frequency: 60}]"),
            ("never.yml", "- command: echo x"));

        Assert.Equal(0, (await GetAsync("/jobs/cron")).GetProperty("nextRuns")[0].GetDateTimeOffset().Minute % 5);
        Assert.Equal(new DateTimeOffset(2099, 1, 31, 12, 0, 0, TimeSpan.Zero), Assert.Single((await GetAsync("/jobs/once")).GetProperty("nextRuns").EnumerateArray()).GetDateTimeOffset());
        Assert.Contains("schedule", Assert.Single((await GetAsync("/jobs/wrong")).GetProperty("errors").EnumerateArray()).GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty((await GetAsync("/jobs/wrong")).GetProperty("nextRuns").EnumerateArray());
        var execution = await FirstExecutionAsync("often");
        Assert.StartsWith("schedule", (await EndAsync(execution)).GetProperty("trigger").GetString(), StringComparison.Ordinal);
        Assert.Empty((await GetAsync("/jobs/never")).GetProperty("executions").EnumerateArray());
        Assert.Empty((await GetAsync("/jobs/never")).GetProperty("nextRuns").EnumerateArray());

        await Root.DeleteAsync("/jobs/often", Cancel);
        Assert.Empty((await GetAsync("/jobs/often")).GetProperty("nextRuns").EnumerateArray());
        Assert.Equal(HttpStatusCode.Conflict, (await Root.PostAsJsonAsync("/jobs/often", new { }, Cancel)).StatusCode);
    }

    [Fact]
    public async Task AnExecutionOfASchedule_KnowsItselfAsAnyOther()
    {
        await ApplyAsync(
            ("often.yml", "- command: echo \"$OVERSEER_JOB $OVERSEER_EXECUTION $OVERSEER_URL\"; echo \"$OVERSEER_VARIABLES $STAGE\"; pwd; echo \"$OVERSEER_HOME\"; event deployed v2; hello\n  env: {STAGE: blue}\n  schedule: [{frequency: '1'}]"),
            ("bin/hello", "#!/bin/sh\necho hello"));

        var execution = await FirstExecutionAsync("often");
        var end = await EndAsync(execution);

        var output = await Root.GetStringAsync(execution + "/output", Cancel);
        Assert.True(end.GetProperty("outcome").GetString() == "complete", $"{end} {output}");
        var lines = output.Split('\n');
        Assert.Equal($"often {execution.Split('/')[^1]} {Server.Url.ToString().TrimEnd('/')}{execution}", lines[0]);
        Assert.Equal("{} blue", lines[1]);
        Assert.Equal(lines[2], lines[3]);
        Assert.Equal("hello", lines[4]);
        Assert.Equal("v2", (await GetAsync(execution + "/deployed")).GetProperty("cause").GetString());
    }

    [Fact]
    public async Task B42_AJobThatRanEverySecond_RunsNoMoreOnceItIsTakenOut_AndAgainWhenItIsPutBack()
    {
        await ApplyAsync(("often.yml", "- command: echo x\n  schedule: [{frequency: 1}]"), ("clock.yml", "- command: echo x\n  schedule: [{frequency: 1}]"));
        await UntilExecutedAsync("often", 2);

        Assert.Equal(HttpStatusCode.NoContent, (await Root.DeleteAsync("/jobs/often", Cancel)).StatusCode);
        var (then, tick) = (await CountAsync("often"), await CountAsync("clock"));

        // The other job of the same schedule tells that it would have been due several times; one of them may have been under way.
        await UntilExecutedAsync("clock", tick + 5);
        Assert.InRange(await CountAsync("often"), then, then + 1);
        await Root.PutAsync("/jobs/often", null, Cancel);
        await UntilExecutedAsync("often", then + 3);
    }

    private async Task<int> CountAsync(string job) => (await GetAsync($"/jobs/{job}?limit=500")).GetProperty("executions").GetArrayLength();

    private async Task UntilExecutedAsync(string job, int count)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (await CountAsync(job) is var now && now < count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"The schedule of '{job}' has started {now} executions, not {count}.");
            await Task.Delay(50, Cancel);
        }
    }

    private async Task<string> FirstExecutionAsync(string job)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if ((await GetAsync($"/jobs/{job}")).GetProperty("executions").EnumerateArray().FirstOrDefault() is { ValueKind: System.Text.Json.JsonValueKind.String } id)
            {
                return $"/jobs/{job}/{id.GetString()}";
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"The schedule of '{job}' has started nothing.");
            await Task.Delay(50, Cancel);
        }
    }
}
