using System.Net;
using System.Net.Http.Json;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>Overseer's behaviours about the repository and its jobs; the numbers are those of its specification.</summary>
public sealed class OverseerJobsTests : OverseerApi
{
    [Fact]
    public async Task B01_ARepositoryWithOneJob_ListsExactlyThatJob()
    {
        await ApplyAsync(("deploy.yml", "- command: echo hi"), ("README.md", "text"), (".hidden.yml", "- command: x"), ("sub/other.yml", "- command: x"));

        var job = Assert.Single((await GetAsync("/jobs")).EnumerateArray());

        Assert.Equal(("deploy", true), (job.GetProperty("name").GetString(), job.GetProperty("active").GetBoolean()));
        Assert.Equal(HttpStatusCode.OK, (await Root.GetAsync(job.GetProperty("url").GetString(), Cancel)).StatusCode);
    }

    [Fact]
    public async Task B02_TheSameJobAsJson_BehavesTheSame()
    {
        await ApplyAsync(("a.yml", "- command: printf %s {{ x }}\n  vars: [{name: x}]"), ("b.json", """[{"command": "printf %s {{ x }}", "vars": [{"name": "x"}]}]"""));

        Assert.Equal("v 1", await OutputAsync("a", new { x = "v 1" }));
        Assert.Equal("v 1", await OutputAsync("b", new { x = "v 1" }));
    }

    [Fact]
    public async Task B03_AFileWithBrokenSyntax_RemovesNoJobAndIsReported()
    {
        await ApplyAsync(("good.yml", "- command: echo good"), ("mended.yml", "- command: echo first"));

        var plan = await ApplyAsync(("mended.yml", "- command: 'echo\n  x: ["));

        Assert.Equal(["good", "mended"], Names(await GetAsync("/jobs")));
        var error = Assert.Single((await GetAsync("/api/repository")).GetProperty("errors").EnumerateArray());
        Assert.Equal("mended.yml", error.GetProperty("file").GetString());
        Assert.Equal(1, error.GetProperty("line").GetInt32());
        Assert.Equal(["unchanged", "kept"], Names(plan.GetProperty("changes"), "change"));
        Assert.Equal("first\n", await OutputAsync("mended"));
        Assert.Single((await GetAsync("/jobs/mended")).GetProperty("errors").EnumerateArray());
    }

    [Fact]
    public async Task B04_ANewCommit_ChangesTheDefinitionWithoutARestart()
    {
        await ApplyAsync(("a.yml", "- command: echo one"));
        Assert.Equal("one\n", await OutputAsync("a"));
        var before = (await GetAsync("/jobs/a")).GetProperty("commit").GetString();

        Git.Commit(("a.yml", "- command: echo two"), ("b.yml", "- command: echo b"));
        var plan = await GetAsync("/api/repository/plan");
        Assert.Equal(["changed", "added"], Names(plan.GetProperty("changes"), "change"));
        Assert.Equal("one\n", await OutputAsync("a"));
        await RefreshAsync();

        Assert.Equal("two\n", await OutputAsync("a"));
        Assert.NotEqual(before, (await GetAsync("/jobs/a")).GetProperty("commit").GetString());
        Assert.Equal(["removed", "unchanged"], Names((await ApplyAsync(("a.yml", null))).GetProperty("changes"), "change"));
        Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync("/jobs/a", Cancel)).StatusCode);
    }

    [Fact]
    public async Task B05_AJob_IsReadWithItsDefinitionAndMetadata()
    {
        await ApplyAsync(("a.yml", "- description: text\n  command: echo {{ x }}\n  timeout: 5\n  vars: [{name: x, type: enum, values: [a]}]\n  schedule: [{frequency: 3600, priority: '2'}]"));
        var execution = await ExecuteAsync("a", new { x = "a" });

        var job = await GetAsync("/jobs/a");

        var definition = job.GetProperty("definition");
        Assert.Equal(("text", "echo {{ x }}", 5), (definition.GetProperty("description").GetString(), definition.GetProperty("command").GetString(), definition.GetProperty("timeout").GetInt32()));
        Assert.Equal("enum", definition.GetProperty("vars")[0].GetProperty("type").GetString());
        Assert.Equal(("3600", 2), (definition.GetProperty("schedule")[0].GetProperty("frequency").GetString(), definition.GetProperty("schedule")[0].GetProperty("priority").GetInt32()));
        Assert.Equal(execution, "/jobs/a/" + Assert.Single(job.GetProperty("executions").EnumerateArray()).GetString());
        Assert.Equal("Ada <ada@example.org>", job.GetProperty("author").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync("/jobs/none", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Root.PostAsJsonAsync("/jobs/none", new { }, Cancel)).StatusCode);
    }

    [Fact]
    public async Task B06_Posting_RunsTheCommandAndAnswersTheExecution()
    {
        await ApplyAsync(("a.yml", "- command: echo hi"));

        var response = await Root.PostAsync("/jobs/a", null, Cancel);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var started = await JsonAsync(response);
        Assert.Equal(("a", "start"), (started.GetProperty("job").GetString(), started.GetProperty("status").GetString()));
        Assert.EndsWith(response.Headers.Location!.OriginalString, started.GetProperty("metadata").GetString(), StringComparison.Ordinal);
        Assert.Equal("complete", (await EndAsync(started.GetProperty("metadata").GetString()!)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task B07_AJobWithNeitherCommandNorScript_EndsAsComplete()
    {
        await ApplyAsync(("a.yml", "- description: nothing"));

        Assert.Equal(string.Empty, await OutputAsync("a"));
    }

    [Fact]
    public async Task B08_AScript_IsRunBelowScriptsAndNowhereElse()
    {
        Git.Link("scripts/out.sh", "../../outside");
        Git.Link("scripts/in.sh", "deep/run.sh");
        Git.Link("scripts/way", "..");
        var plan = await ApplyAsync(
            ("scripts/deep/run.sh", "#!/bin/sh\necho \"$0 $1\"; pwd"),
            ("bin/tool", "#!/bin/sh\n"),
            ("scripts/it's", "#!/bin/sh\necho \"$1\""),
            ("plain.txt", "x"),
            ("a.yml", "- script: deep/run.sh\n  vars: [{name: x}]"),
            ("b.yml", "- script: in.sh"),
            ("c.yml", "- script: ../bin/tool"),
            ("d.yml", "- script: out.sh"),
            ("e.yml", "- script: way/bin/tool"),
            ("f.yml", "- script: /bin/sh"),
            ("g.yml", "- script: none.sh"),
            ("h.yml", "- script: it's\n  vars: [{name: x}]"));

        Assert.Equal(["a", "b", "h"], Names(await GetAsync("/jobs")));
        Assert.Equal(["c.yml", "d.yml", "e.yml", "f.yml", "g.yml"], Names(plan.GetProperty("errors"), "file"));
        var output = (await OutputAsync("a", new { x = "; id" })).Split('\n');
        Assert.EndsWith("/scripts/deep/run.sh ; id", output[0], StringComparison.Ordinal);
        Assert.Equal(output[0], $"{output[1]}/scripts/deep/run.sh ; id");
        Assert.Contains("in.sh", await OutputAsync("b"), StringComparison.Ordinal);
        Assert.Equal("$(id)\n", await OutputAsync("h", new { x = "$(id)" }));
    }

    [Fact]
    public async Task B09_AVariableInTheCommand_IsReplacedByThePostedValue()
    {
        await ApplyAsync(("a.yml", "- command: echo \"<{{ x }}>\"\n  vars: [{name: x}]"));

        Assert.Equal("<a  b>\n", await OutputAsync("a", new { x = "a  b" }));
    }

    [Fact]
    public async Task B10_And11_OtherVariables_AreAppendedInOrderAndAsOptions()
    {
        await ApplyAsync(("a.yml", "- command: printf '[%s]'\n  vars: [{name: one}, {name: some_opt, type: enum, values: [a, b, c], option: yes}, {name: two}]"));

        Assert.Equal("[1][--some-opt][b][2]", await OutputAsync("a", new { two = "2", some_opt = "b", one = "1" }));
        Assert.Equal("[2]", await OutputAsync("a", new { two = "2" }));
    }

    [Fact]
    public async Task B12_And13_And14_Values_AreCheckedByTheirTypes()
    {
        await ApplyAsync(("a.yml", "- vars:\n" + string.Concat(new[] { "int", "float", "bool", "timestamp", "binary", "seq", "map", "set", "omap", "pairs", "null", "str" }.Select(t => $"  - {{name: v{t}, type: '{t}'}}\n")) + "  - {name: venum, type: enum, values: [a, b]}"));
        object good = new
        {
            vint = 12,
            vfloat = 1.5,
            vbool = true,
            vtimestamp = "2026-01-31T12:00:00Z",
            vbinary = "aGk=",
            vseq = new[] { 1, 2 },
            vmap = new { a = 1 },
            vset = new[] { "x" },
            vomap = new[] { new { a = 1 } },
            vpairs = new object[] { new object[] { "a", 1 }, new object[] { "a", 2 } },
            vnull = (object?)null,
            vstr = "s",
            venum = "b",
        };

        Assert.Equal("complete", (await EndAsync(await ExecuteAsync("a", good))).GetProperty("outcome").GetString());
        foreach (var (name, bad) in new (string, object)[] { ("vint", "x"), ("vfloat", "x"), ("vbool", "x"), ("vtimestamp", "x"), ("vbinary", "?"), ("vseq", 1), ("vmap", 1), ("vset", new[] { 1, 1 }), ("vomap", 1), ("vpairs", 1), ("vnull", 1), ("venum", "c") })
        {
            var response = await Root.PostAsJsonAsync("/jobs/a", new Dictionary<string, object> { [name] = bad }, Cancel);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal([$"vars.{name}"], (await JsonAsync(response)).GetProperty("errors").EnumerateObject().Select(p => p.Name));
        }
    }

    [Fact]
    public async Task B15_AHostileValue_ReachesTheProgramAsText()
    {
        await ApplyAsync(("a.yml", "- command: printf '[%s]' {{ x }} \"{{ x }}\" '{{ x }}'\n  vars: [{name: x}, {name: y, option: true}]"));

        foreach (var value in new[] { "; rm x", "$(id)", "`id`", "a'b\"c", "%%RUNID%%", "-n" })
        {
            Assert.Equal($"[{value}][{value}][{value}][--y][{value}]", await OutputAsync("a", new { x = value, y = value }));
        }
    }

    [Fact]
    public async Task B16_UndeclaredData_IsRefusedAndNothingIsRun()
    {
        await ApplyAsync(("a.yml", "- command: echo {{ x }}\n  vars: [{name: x}]"));

        var unknown = await Root.PostAsJsonAsync("/jobs/a", new { x = "1", z = "2" }, Cancel);
        var missing = await Root.PostAsJsonAsync("/jobs/a", new { }, Cancel);
        var list = await Root.PostAsJsonAsync("/jobs/a", new[] { 1 }, Cancel);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (unknown.StatusCode, missing.StatusCode, list.StatusCode));
        Assert.True((await JsonAsync(unknown)).GetProperty("errors").TryGetProperty("vars.z", out _));
        Assert.True((await JsonAsync(missing)).GetProperty("errors").TryGetProperty("vars.x", out _));
        Assert.Empty((await GetAsync("/jobs/a")).GetProperty("executions").EnumerateArray());
    }

    [Fact]
    public async Task AForm_IsTakenToo()
    {
        await ApplyAsync(("a.yml", "- command: printf '[%s]'\n  vars: [{name: n, type: int}, {name: l, type: seq}]"));
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("n", "7"), KeyValuePair.Create("l", "a b"), KeyValuePair.Create("l", "c")]);

        var response = await Root.PostAsync("/jobs/a", form, Cancel);
        var execution = response.Headers.Location!.OriginalString;
        await EndAsync(execution);

        Assert.Equal("[7][a b][c]", await Root.GetStringAsync(execution + "/stdout", Cancel));
        var again = await JsonAsync(await Root.PostAsync(execution, null, Cancel));
        await EndAsync(again.GetProperty("metadata").GetString()!);
        Assert.Equal("[7][a b][c]", await Root.GetStringAsync(again.GetProperty("metadata").GetString() + "/stdout", Cancel));
    }

    [Fact]
    public async Task B17_And18_ProgramsAreFound_TheLibraryFirstThenTheRepositorys()
    {
        await ApplyAsync(
            ("bin/tool", "#!/bin/sh\necho tool of the repository"),
            ("bin/event", "#!/bin/sh\necho must not run"),
            ("bin/ls", "#!/bin/sh\necho ls of the repository"),
            ("scripts/run.sh", "#!/bin/sh\ntool; ls; event seen; echo $?"),
            ("a.yml", "- command: tool; ls; event seen; echo $?"),
            ("b.yml", "- script: run.sh"));

        Assert.Equal("tool of the repository\nls of the repository\n0\n", await OutputAsync("a"));
        Assert.Equal("tool of the repository\nls of the repository\n0\n", await OutputAsync("b"));
    }

    [Fact]
    public async Task B42_AJobThatWasDeleted_IsNotRunUntilItIsPutBack()
    {
        await ApplyAsync(("a.yml", "- command: echo hi"));

        Assert.Equal(HttpStatusCode.NoContent, (await Root.DeleteAsync("/jobs/a", Cancel)).StatusCode);

        Assert.Equal(HttpStatusCode.Conflict, (await Root.PostAsJsonAsync("/jobs/a", new { }, Cancel)).StatusCode);
        Assert.False((await GetAsync("/jobs/a")).GetProperty("active").GetBoolean());
        await ApplyAsync(("a.yml", "- command: echo ho"));
        Assert.False((await GetAsync("/jobs/a")).GetProperty("active").GetBoolean());
        Assert.Equal(HttpStatusCode.NoContent, (await Root.PutAsync("/jobs/a", null, Cancel)).StatusCode);
        Assert.Equal("ho\n", await OutputAsync("a"));
        Assert.Equal("- command: echo ho", await File.ReadAllTextAsync(Path.Combine(Git.Path, "a.yml"), Cancel));
    }

    [Fact]
    public async Task B42_AJobThatWasTakenOutOrIsGone_IsNotRunByRepeatingAnExecutionEither()
    {
        await ApplyAsync(("a.yml", "- command: echo hi"), ("b.yml", "{}"));
        var execution = await ExecuteAsync("a");
        var runId = (await EndAsync(execution)).GetProperty("runId").GetInt64();
        await Root.DeleteAsync("/jobs/a", Cancel);

        foreach (var address in new[] { execution, execution + "?commit=same", $"/api/runs/{runId}/resubmit" })
        {
            var refused = await Root.PostAsync(address, null, Cancel);
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            Assert.Equal("job.inactive", (await JsonAsync(refused)).GetProperty("code").GetString());
        }

        await Root.PutAsync("/jobs/a", null, Cancel);
        Assert.Equal(HttpStatusCode.Created, (await Root.PostAsync(execution + "?commit=same", null, Cancel)).StatusCode);
        await ApplyAsync(("a.yml", null));
        Assert.Equal(HttpStatusCode.NotFound, (await Root.PostAsync(execution, null, Cancel)).StatusCode);
        foreach (var address in new[] { execution + "?commit=same", $"/api/runs/{runId}/resubmit" })
        {
            Assert.Equal("job.gone", (await JsonAsync(await Root.PostAsync(address, null, Cancel))).GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task ARepetitionOfTheSameCommit_NeedsTheRightToSubmitAgain()
    {
        await ApplyAsync(("a.yml", "- command: echo hi"));
        var execution = await ExecuteAsync("a");
        using var launcher = await Server.ClientAsync(["definition_launch", "job_run_read"]);

        Assert.Equal(HttpStatusCode.Forbidden, (await launcher.PostAsync(execution + "?commit=same", null, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await launcher.PostAsync(execution, null, Cancel)).StatusCode);
    }

    [Fact]
    public async Task B45_And46_ReservedAndRepeatedNames_AreRefused()
    {
        var plan = await ApplyAsync(("stdout.yml", "- command: x"), ("b.yml", "- name: output"), ("c.yml", "- vars: [{name: a}, {name: a}]"), ("d.yml", "- command: echo"));

        Assert.Equal(["b.yml", "c.yml", "stdout.yml"], Names(plan.GetProperty("errors"), "file"));
        var execution = await ExecuteAsync("d");
        var response = await Root.PutAsJsonAsync(execution, new { @event = "stderr" }, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await Root.PutAsJsonAsync(execution, new { @event = "complete" }, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await Root.PutAsJsonAsync(execution, new { cause = "x" }, Cancel)).StatusCode);
    }

    [Fact]
    public async Task B48_ANameWithASpaceEnvironmentAndAccounts()
    {
        await ApplyAsync(
            ("A job.yml", "- command: echo \"$STAGE $OVERSEER_JOB $OVERSEER_VAR_X\"\n  env: {STAGE: blue}\n  vars: [{name: x}]\n  user: " + Environment.UserName),
            ("b.yml", "- command: echo must not run\n  user: somebody-else"),
            ("c.yml", "- command: echo must not run\n  group: some-other-group"));

        Assert.StartsWith("blue A job 7", await OutputAsync("A%20job", new { x = 7 }), StringComparison.Ordinal);
        foreach (var job in new[] { "b", "c" })
        {
            var execution = await ExecuteAsync(job);
            var end = await EndAsync(execution);
            Assert.Equal("fail", end.GetProperty("outcome").GetString());
            Assert.Contains("must run as the", end.GetProperty("reason").GetString(), StringComparison.Ordinal);
            Assert.Equal(string.Empty, await Root.GetStringAsync(execution + "/output", Cancel));
        }
    }

    [Fact]
    public async Task Access_NeedsTheRightPermissions()
    {
        await ApplyAsync(("a.yml", "- command: sleep 30"));
        var execution = await ExecuteAsync("a");
        using var reader = await Server.ClientAsync(["repository_read", "job_run_read", "definition_launch"]);
        using var nobody = Server.Client(null);

        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/jobs", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/jobs", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.DeleteAsync("/jobs/a", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync("/api/repository/refresh", null, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PutAsJsonAsync(execution, new { @event = "kill" }, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.PutAsJsonAsync(execution, new { @event = "seen" }, Cancel)).StatusCode);
        using var other = await Server.ClientAsync(["repository_read", "job_run_read"], ["somebody"]);
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync(execution, Cancel)).StatusCode);
        await EventAsync(execution, "kill");
    }
}
