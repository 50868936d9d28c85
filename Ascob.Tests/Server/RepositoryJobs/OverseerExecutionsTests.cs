using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>Overseer's behaviours about executions; the numbers are those of its specification.</summary>
public sealed class OverseerExecutionsTests : OverseerApi
{
    [Theory]
    [InlineData("true", "complete", 0)]
    [InlineData("exit 3", "fail", 3)]
    [InlineData("kill -9 $$", "fail", 137)]
    public async Task B19_And20_AnExecution_StartsFirstAndEndsOnce(string command, string outcome, int exitCode)
    {
        await ApplyAsync(("a.yml", $"- command: event half; {command}"));

        var end = await EndAsync(await ExecuteAsync("a"));

        Assert.Equal(["start", "half", outcome], Names(end.GetProperty("events")));
        Assert.Equal((outcome, outcome, exitCode), (end.GetProperty("status").GetString(), end.GetProperty("outcome").GetString(), end.GetProperty("exitCode").GetInt32()));
    }

    [Fact]
    public async Task B21_And22_TimeOut_EndsTheCommandWithItsChildren()
    {
        // Two children, one of which left the group and both of which ignore TERM.
        await ApplyAsync(("a.yml", "- command: \"trap '' TERM; (sleep 61.5) & setsid sleep 61.5 & echo up; sleep 61.5\"\n  timeout: 1"));
        var begun = Stopwatch.GetTimestamp();

        var end = await EndAsync(await ExecuteAsync("a"));

        Assert.Equal("time-out", end.GetProperty("outcome").GetString());
        Assert.Equal(["start", "time-out"], Names(end.GetProperty("events")));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 1, 20);
        Assert.DoesNotContain(Process.GetProcesses(), p => CommandLineOf(p).Contains("sleep 61.5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task B21_AnObedientCommand_TimesOutWithinTwoSeconds()
    {
        await ApplyAsync(("a.yml", "- command: sleep 5\n  timeout: 1"));

        var end = await EndAsync(await ExecuteAsync("a"));

        var took = end.GetProperty("ended").GetDateTimeOffset() - end.GetProperty("started").GetDateTimeOffset();
        Assert.Equal("time-out", end.GetProperty("outcome").GetString());
        Assert.InRange(took.TotalSeconds, 0.9, 2.5);
    }

    [Fact]
    public async Task B23_Streams_AreApartAndTogether()
    {
        await ApplyAsync(("a.yml", "- command: echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three"));
        var execution = await ExecuteAsync("a");
        await EndAsync(execution);

        Assert.Equal("one\nthree\n", await Root.GetStringAsync(execution + "/stdout", Cancel));
        Assert.Equal("two\n", await Root.GetStringAsync(execution + "/stderr", Cancel));
        Assert.Equal("one\ntwo\nthree\n", await Root.GetStringAsync(execution + "/output", Cancel));
    }

    [Fact]
    public async Task B24_And27_Streams_AreReadWhileItRuns_AndStopHaltsIt()
    {
        await ApplyAsync(("a.yml", "- command: while true; do echo x; sleep 0.02; done"));
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "x\nx\n");

        Assert.True((await EventAsync(execution, "stop", "look")).GetProperty("signalled").GetBoolean());

        var halted = await SettledAsync(execution);
        Assert.Equal("stop", (await GetAsync(execution)).GetProperty("status").GetString());
        Assert.True((await EventAsync(execution, "continue")).GetProperty("signalled").GetBoolean());
        await UntilWrittenAsync(execution, halted + "x\n");

        // One that is halted hears of its end all the same.
        await EventAsync(execution, "stop");
        Assert.True((await EventAsync(execution, "terminate")).GetProperty("signalled").GetBoolean());
        var end = await EndAsync(execution);
        Assert.Equal("fail", end.GetProperty("outcome").GetString());
        Assert.Contains("SIGTERM", end.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("terminate", "SIGTERM")]
    [InlineData("kill", "SIGKILL")]
    public async Task B28_TerminateAndKill_EndTheExecution(string name, string signal)
    {
        await ApplyAsync(("a.yml", "- command: echo up; exec sleep 60"));
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");

        Assert.True((await EventAsync(execution, name, "enough")).GetProperty("signalled").GetBoolean());

        var end = await EndAsync(execution);
        Assert.Equal("fail", end.GetProperty("outcome").GetString());
        Assert.Contains(signal, end.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("enough", (await GetAsync($"{execution}/{name}")).GetProperty("cause").GetString());
    }

    [Fact]
    public async Task B25_Metadata_ShowsStatusTimesVariablesTriggerAndEvents()
    {
        var commit = Git.Commit(("a.yml", "- command: echo {{ x }}\n  vars: [{name: x, type: int}]"));
        await RefreshAsync();

        var end = await EndAsync(await ExecuteAsync("a", new { x = 7 }));

        Assert.Equal(7, end.GetProperty("variables").GetProperty("x").GetInt32());
        Assert.Equal(("api", commit), (end.GetProperty("trigger").GetString(), end.GetProperty("commit").GetString()));
        Assert.True(end.GetProperty("started").GetDateTimeOffset() <= end.GetProperty("ended").GetDateTimeOffset());
        Assert.Equal(["system", "system"], Names(end.GetProperty("events"), "source"));
    }

    [Fact]
    public async Task B26_Repeating_UsesTheSameVariablesUnderANewId()
    {
        await ApplyAsync(("a.yml", "- command: echo one {{ x }}\n  vars: [{name: x}]"));
        var first = await ExecuteAsync("a", new { x = "v" });
        await EndAsync(first);
        await ApplyAsync(("a.yml", "- command: echo two {{ x }}\n  vars: [{name: x}]"));

        var again = (await Root.PostAsync(first, null, Cancel)).Headers.Location!.OriginalString;
        var same = (await Root.PostAsync(first + "?commit=same", null, Cancel)).Headers.Location!.OriginalString;
        await EndAsync(again);
        await EndAsync(same);

        Assert.Equal(3, new[] { first, again, same }.Distinct().Count());
        Assert.Equal("two v\n", await Root.GetStringAsync(again + "/stdout", Cancel));
        Assert.Equal("one v\n", await Root.GetStringAsync(same + "/stdout", Cancel));
        Assert.Equal(HttpStatusCode.BadRequest, (await Root.PostAsync(first + "?commit=other", null, Cancel)).StatusCode);
    }

    [Fact]
    public async Task B29_And30_And31_EventsFromOutside()
    {
        await ApplyAsync(("a.yml", "- command: echo up; sleep 60"));
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");

        await EventAsync(execution, "deployed", "v1");
        Assert.Equal("deployed", (await GetAsync(execution)).GetProperty("status").GetString());
        await EventAsync(execution, "deployed", "v2");
        await EventAsync(execution, "kill");
        await EndAsync(execution);

        Assert.False((await EventAsync(execution, "stop", "too late")).GetProperty("signalled").GetBoolean());
        var end = await GetAsync(execution);
        Assert.Equal(("stop", "fail"), (end.GetProperty("status").GetString(), end.GetProperty("outcome").GetString()));
        Assert.Equal(["start", "deployed", "deployed", "kill", "fail", "stop"], Names(end.GetProperty("events")));
        Assert.Equal(["v2", "v1"], Names(await GetAsync(execution + "/deployed"), "cause"));
        var record = await GetAsync(execution + "/stop");
        Assert.Equal(("too late", "api"), (record.GetProperty("cause").GetString(), record.GetProperty("source").GetString()));
        Assert.True(record.GetProperty("time").GetDateTimeOffset() >= end.GetProperty("ended").GetDateTimeOffset());
        Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync(execution + "/none", Cancel)).StatusCode);
    }

    [Fact]
    public async Task B32_TheHelper_CreatesAnEventOfItsOwnExecution()
    {
        await ApplyAsync(("a.yml", "- command: event deployed \"v 2; $(echo x)\"; echo $?; event; echo $?; event stdout 2>&1; echo $?; env -u ASCOB_CALLBACK_URL event x 2>&1; echo $?"));
        var execution = await ExecuteAsync("a");
        await EndAsync(execution);

        var output = (await Root.GetStringAsync(execution + "/stdout", Cancel)).Split('\n');
        Assert.Equal(("0", "64", "1", "1"), (output[0], output[1], output[3], output[5]));
        Assert.Contains("reserved", output[2], StringComparison.Ordinal);
        Assert.Contains("ASCOB_CALLBACK_URL", output[4], StringComparison.Ordinal);
        var record = await GetAsync(execution + "/deployed");
        Assert.Equal(("v 2; x", "job"), (record.GetProperty("cause").GetString(), record.GetProperty("source").GetString()));
    }

    [Fact]
    public async Task B43_And44_Ids_AreUniqueAndSurviveAddresses()
    {
        await ApplyAsync(("a.yml", "- command: 'true'"));

        var executions = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => ExecuteAsync("a")));

        Assert.Equal(30, executions.Distinct().Count());
        foreach (var execution in executions)
        {
            var id = execution.Split('/')[^1];
            Assert.Matches("^[0-9]{10}\\.[0-9]{7,}$", id);
            Assert.Equal(id, (await GetAsync(execution)).GetProperty("execution").GetString());
            Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync(execution + "0", Cancel)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync(execution[..^1], Cancel)).StatusCode);
        }
    }

    [Fact]
    public async Task AnExecution_KnowsItself()
    {
        await ApplyAsync(("a.yml", "- command: echo $OVERSEER_JOB $OVERSEER_EXECUTION $OVERSEER_URL; pwd; echo $OVERSEER_HOME; cat a.yml; touch x 2>/dev/null || true; ls -d \"$ASCOB_WORK_DIR\""));
        var execution = await ExecuteAsync("a");
        await EndAsync(execution);

        var output = (await Root.GetStringAsync(execution + "/stdout", Cancel)).Split('\n');
        var id = execution.Split('/')[^1];
        Assert.Equal($"a {id} {Server.Url.ToString().TrimEnd('/')}{execution}", output[0]);
        Assert.Equal(output[1], output[2]);
        Assert.StartsWith("- command: echo", output[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnIdempotencyKey_StartsOneExecution()
    {
        await ApplyAsync(("a.yml", "- vars: [{name: x}]"));

        var first = await PostAsync("k", "1");
        var second = await PostAsync("k", "1");

        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync("k", "2")).StatusCode);
    }

    private static string CommandLineOf(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline").Replace((char)0, (char)32);
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }

    private async Task<HttpResponseMessage> PostAsync(string key, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/jobs/a") { Content = JsonContent.Create(new { x = value }) };
        request.Headers.Add("Idempotency-Key", key);
        return await Root.SendAsync(request, Cancel);
    }

    // What a halted job has written does not grow: looked at over a time in which it would have grown often.
    private async Task<string> SettledAsync(string execution)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var last = string.Empty; ;)
        {
            // While the job runs, a line comes each 20 ms.
            await Task.Delay(500, Cancel);
            var now = await Root.GetStringAsync(execution + "/stdout", Cancel);
            if (now == last)
            {
                return now;
            }

            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), $"The halted job goes on writing: {now.Length} characters after {last.Length}.");
            last = now;
        }
    }
}
