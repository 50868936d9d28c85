using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Ascob.Tests.Server.Api.Kuroko2;

public sealed class Kuroko2InstanceTests : Kuroko2Api
{
    [Fact]
    public async Task Kuroko2_behaviour_10_and_11_variables_reach_the_commands_of_a_job_and_little_else_does()
    {
        var (status, output, _) = await RunAsync("env: A=\"B=2 C=3\" D='x\\'y'\nexecute: echo \"$A|$D\"\nenv: A=last\nexecute: env | sed 's/=.*//' | sort | tr '\\n' ' '");

        Assert.Equal("success", status);
        Assert.StartsWith("B=2 C=3|x'y\n", output, StringComparison.Ordinal);
        var names = output.Split('\n')[1].Trim().Split(' ');
        Assert.Superset(new HashSet<string>(["A", "D", "HOME", "PATH", "KUROKO2_JOB_INSTANCE_ID"]), names.ToHashSet());
        Assert.All(names, n => Assert.True(
            n is "A" or "D" or "HOME" or "PATH" or "LANG" or "TZ" or "PWD" or "OLDPWD" or "SHLVL" or "_" || n.StartsWith("KUROKO2_JOB_", StringComparison.Ordinal) || n == "KUROKO2_LAUNCHED_TIME" || n.StartsWith("ASCOB_", StringComparison.Ordinal), n));
    }

    [Fact]
    public async Task Kuroko2_behaviour_12_a_command_sees_its_definition_its_instance_and_its_launch_the_same_over_all_steps()
    {
        const string Say = "execute: echo \"$KUROKO2_JOB_DEFINITION_ID|$KUROKO2_JOB_DEFINITION_NAME|$KUROKO2_JOB_INSTANCE_ID|$KUROKO2_LAUNCHED_TIME\"";
        var definition = await DefineAsync("it's \"Job 1\"", $"{Say}\nsleep: 1\nretry: count=1\n  {Say}; test -e x || {{ : > x; exit 1; }}\nenv: KUROKO2_JOB_INSTANCE_ID=own\n{Say}");

        var instance = await LaunchAsync(definition);
        await EndOfAsync(instance);

        var lines = (await OutputAsync(instance)).Split('\n').Where(l => l.Contains('|', StringComparison.Ordinal)).ToList();
        Assert.Equal(4, lines.Count);
        var said = lines[0].Split('|');
        Assert.Equal([$"{definition}", "it's \"Job 1\"", $"{instance}"], said[..3]);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$", said[3]);
        Assert.Equal([lines[0], lines[0], lines[0].Replace($"|{instance}|", "|own|", StringComparison.Ordinal)], lines[1..]);
    }

    [Fact]
    public async Task A_job_finds_the_same_whoever_launches_it()
    {
        var definition = await DefineAsync("anyhow", "execute: echo \"$KUROKO2_JOB_DEFINITION_ID|$KUROKO2_JOB_DEFINITION_NAME|$KUROKO2_JOB_INSTANCE_ID|${#KUROKO2_LAUNCHED_TIME}\"");
        using var response = await Root.PostAsJsonAsync("/api/definitions/anyhow/runs", new { }, Cancel);
        var run = (await JsonAsync(response)).GetProperty("runId").GetInt64();
        await EndOfAsync(run);

        Assert.Equal($"{definition}|anyhow|{run}|29\n", await OutputAsync(run));
        Assert.Equal("success", await StatusAsync(definition, run));
    }

    [Fact]
    public async Task Kuroko2_behaviour_13_a_failing_command_ends_in_error_and_later_ones_do_not_start()
    {
        var (status, output, instance) = await RunAsync("execute: echo a\nexecute: exit 3\nexecute: echo never");

        Assert.Equal("error", status);
        Assert.Equal("a\nkuroko2: line 2 (/1-execute) ended with exit code 3\n", output);
        Assert.Equal(3, (await EndOfAsync(instance)).GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public async Task Kuroko2_behaviour_14_death_by_a_signal_is_a_failure_and_its_name_is_in_the_log()
    {
        var (status, output, _) = await RunAsync("execute: kill -TERM $$");

        Assert.Equal("error", status);
        Assert.Contains("signal TERM", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kuroko2_behaviour_15_both_outputs_are_in_the_log()
    {
        var (_, output, _) = await RunAsync("execute: echo out; echo err >&2\necho: a message");

        Assert.Equal("out\nerr\na message\n".Split('\n').Order(), output.Split('\n').Order());
    }

    [Fact]
    public async Task Kuroko2_behaviour_22_a_retried_command_that_succeeds_at_last_is_no_error_and_one_that_does_not_is()
    {
        var third = await RunAsync("retry: count=3\n  execute: echo x >> tries; test $(wc -l < tries) -eq 3");
        var never = await RunAsync("retry: count=3\n  execute: exit 1");

        Assert.Equal("success", third.Status);
        Assert.Equal("error", never.Status);
        Assert.Equal(4, never.Output.Split("ended with exit code 1").Length - 1);
    }

    [Fact]
    public async Task Kuroko2_behaviour_24_a_job_that_sleeps_blocks_no_other()
    {
        var sleeper = await DefineAsync("sleeper", "sleep: 120\necho: awake");
        var asleep = await LaunchAsync(sleeper);

        Assert.Equal("success", (await RunAsync("execute: true")).Status);
        Assert.Equal("working", await StatusAsync(sleeper, asleep));

        using var stop = await Root.DeleteAsync($"/api/runs/{asleep}", Cancel);
        await EndOfAsync(asleep);
        Assert.Equal("canceled", await StatusAsync(sleeper, asleep));
    }

    [Fact]
    public async Task Kuroko2_behaviour_25_the_limit_of_a_script_is_a_limit_of_the_run_too()
    {
        var definition = await DefineAsync("limited", "timeout: 1\nexecute: sleep 120");

        var content = await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}", Cancel);

        Assert.Equal(90, content.GetProperty("jobSpec").GetProperty("timeoutSeconds").GetInt32());
        Assert.Contains("\"$ascob_timeout\" -k 10 60 /bin/sh -c 'sleep 120'", content.GetProperty("jobSpec").GetProperty("parameters").GetProperty("KUROKO2_PROGRAM").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kuroko2_behaviour_32_a_launch_that_the_policy_prevents_is_recorded_as_canceled()
    {
        var definition = await DefineAsync("alone", "sleep: 120", ("prevent_multi", 1));
        var first = await LaunchAsync(definition);

        var second = await LaunchAsync(definition, status: "canceled");

        Assert.Equal("canceled", await StatusAsync(definition, second));
        Assert.Contains("prevented", (await EndOfAsync(second)).GetProperty("statusReason").GetString(), StringComparison.Ordinal);
        using var stop = await Root.DeleteAsync($"/api/runs/{first}", Cancel);
        await EndOfAsync(first);
    }

    [Fact]
    public async Task Kuroko2_behaviour_42_an_application_launches_what_it_may()
    {
        var definition = await DefineAsync("plain", "execute: echo hello");
        using var response = await Portal.PostAsync(Path(definition), null, Cancel);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Null(response.Headers.Location);
        var answer = await JsonAsync(response);
        Assert.Equal(["id", "status"], answer.EnumerateObject().Select(m => m.Name));
        var run = await EndOfAsync(answer.GetProperty("id").GetInt64());
        Assert.Equal(("SUCCEEDED", "kuroko2", "instances API (portal)"), (run.GetProperty("status").GetString(), run.GetProperty("cause").GetProperty("kind").GetString(), run.GetProperty("cause").GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Kuroko2_behaviour_43_who_is_unknown_or_asks_for_what_is_not_is_refused_and_nothing_is_launched()
    {
        var closed = await DefineAsync("closed", "execute: true", ("api_allowed", false));
        var open = await DefineAsync("open", "execute: true");
        using var nobody = Server.Client(token: null);
        using var wrong = Client("portal", "a-wrong-key-of-the-portal");
        using var other = Client("stranger", Key);
        using var token = Server.Client();

        using var first = await nobody.PostAsync(Path(open), null, Cancel);
        Assert.Equal("Basic", Assert.Single(first.Headers.WwwAuthenticate).Scheme);
        await RefusedAsync(first, HttpStatusCode.Unauthorized, "unauthorized");
        await RefusedAsync(await wrong.PostAsync(Path(open), null, Cancel), HttpStatusCode.Unauthorized, "unauthorized");
        await RefusedAsync(await other.PostAsync(Path(open), null, Cancel), HttpStatusCode.Unauthorized, "unauthorized");
        await RefusedAsync(await token.PostAsync(Path(open), null, Cancel), HttpStatusCode.Unauthorized, "unauthorized");
        await RefusedAsync(await Portal.PostAsync(Path(closed), null, Cancel), HttpStatusCode.Forbidden, "forbidden");
        await RefusedAsync(await Portal.PostAsync(Path(999), null, Cancel), HttpStatusCode.NotFound, "record_not_found");
        await RefusedAsync(await Portal.PostAsync("/v1/definitions/x/instances", null, Cancel), HttpStatusCode.NotFound, "record_not_found");
        await RefusedAsync(await Portal.GetAsync($"{Path(open)}/999", Cancel), HttpStatusCode.NotFound, "record_not_found");
        Assert.Contains("env.A", await RefusedAsync(await Portal.PostAsJsonAsync(Path(open), new { env = new Dictionary<string, int> { ["A"] = 1 } }, Cancel), HttpStatusCode.BadRequest, "bad_request"), StringComparison.Ordinal);
        await RefusedAsync(await Portal.PostAsJsonAsync(Path(open), new { env = "A=1" }, Cancel), HttpStatusCode.BadRequest, "bad_request");
        await RefusedAsync(await Portal.PostAsync(Path(open), new StringContent("{", Encoding.UTF8, "application/json"), Cancel), HttpStatusCode.BadRequest, "bad_request");
        foreach (var broken in (string[])["{\"env\":{\"\\ud800\":\"x\"}}", "{\"\\ud800\":{}}"])
        {
            await RefusedAsync(await Portal.PostAsync(Path(open), new StringContent(broken, Encoding.UTF8, "application/json"), Cancel), HttpStatusCode.BadRequest, "bad_request");
        }

        await RefusedAsync(await Portal.PostAsync(Path(open), new StringContent("A", Encoding.UTF8, "text/plain"), Cancel), HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        foreach (var name in (string[])["", "A B", "A=B", "1A", "A\nexecute: id", "UID", "ASCOB_RUN", "ascob_code", "KUROKO2_PROGRAM", "É"])
        {
            using var refused = await Portal.PostAsJsonAsync(Path(open), new { env = Env((name, "x")) }, Cancel);
            await RefusedAsync(refused, HttpStatusCode.BadRequest, "bad_request");
        }

        Assert.Empty((await Root.GetFromJsonAsync<JsonElement>("/api/runs", Cancel)).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Variables_that_change_how_programs_load_are_refused_and_nothing_is_launched()
    {
        var definition = await DefineAsync("guarded", "execute: true");

        foreach (var name in (string[])["PATH", "LD_PRELOAD", "BASH_ENV", "IFS"])
        {
            using var refused = await Portal.PostAsJsonAsync(Path(definition), new { env = Env((name, "x")) }, Cancel);
            Assert.Contains(name, await RefusedAsync(refused, HttpStatusCode.UnprocessableEntity, "unprocessable_entity"), StringComparison.Ordinal);
        }

        Assert.Empty((await Root.GetFromJsonAsync<JsonElement>("/api/runs", Cancel)).GetProperty("items").EnumerateArray());
    }

    [Theory]
    [InlineData("it's")]
    [InlineData("a\nexecute: echo injected")]
    [InlineData("'\"\\$(id)`id` %s {{ x }} %%RUNID%%\ttab é")]
    [InlineData("")]
    public async Task Kuroko2_behaviour_44_a_variable_of_the_launch_reaches_the_job_as_it_is_and_is_shown_with_the_run(string value)
    {
        var (status, output, instance) = await RunAsync("execute: printf '<%s>' \"$A\"", new { env = Env(("A", value)) });

        Assert.Equal(("success", $"<{value}>"), (status, output));
        Assert.Equal(value, (await EndOfAsync(instance)).GetProperty("parameters").GetProperty("A").GetString());
    }

    [Fact]
    public async Task Kuroko2_behaviour_44_what_the_script_sets_comes_before_what_the_launch_gives()
    {
        var (_, output, _) = await RunAsync("execute: echo \"$A$B\"\nenv: A=script\nexecute: echo \"$A$B\"", new { env = Env(("A", "launch"), ("B", "!")) });

        Assert.Equal("launch!\nscript!\n", output);
    }

    [Fact]
    public async Task Kuroko2_behaviour_45_an_instance_is_working_then_success_error_or_canceled()
    {
        var gate = System.IO.Path.Combine(Server.DataDirectory, "gate");
        var definition = await DefineAsync("gated", $"execute: until [ -e {gate} ]; do sleep 0.02; done");
        var instance = await LaunchAsync(definition);
        Assert.Equal("working", await StatusAsync(definition, instance));

        await File.WriteAllTextAsync(gate, string.Empty, Cancel);
        await EndOfAsync(instance);

        Assert.Equal("success", await StatusAsync(definition, instance));

        // As in kuroko2 the definition of the address does not matter.
        Assert.Equal("success", await StatusAsync(12_345, instance));
        Assert.Equal("error", (await RunAsync("execute: false")).Status);
    }

    [Fact]
    public async Task Kuroko2_behaviour_55_and_56_a_script_for_one_launch_is_checked_before_it_and_changes_nothing()
    {
        var definition = await DefineAsync("adhoc", "execute: echo stored");
        using var refused = await Portal.PostAsJsonAsync(Path(definition), new { script = "execute: echo a\n  nonsense\nfork:\n" }, Cancel);
        var message = await RefusedAsync(refused, HttpStatusCode.UnprocessableEntity, "unprocessable_entity");
        Assert.Contains("line 2", message, StringComparison.Ordinal);

        var instance = await LaunchAsync(definition, new { script = "execute: echo once \"$A\" \"$KUROKO2_JOB_DEFINITION_NAME\"", env = Env(("A", "a")) });
        await EndOfAsync(instance);

        Assert.Equal("once a adhoc\n", await OutputAsync(instance));
        Assert.Equal("execute: echo stored", (await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{definition}", Cancel)).GetProperty("script").GetString());
        Assert.Single((await Root.GetFromJsonAsync<JsonElement>("/api/runs", Cancel)).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_launch_that_is_repeated_with_its_key_is_launched_once()
    {
        var definition = await DefineAsync("once", "execute: true");
        var ids = new HashSet<long>();
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Path(definition)) { Content = JsonContent.Create(new { env = Env(("A", "1")) }) };
            request.Headers.Add("Idempotency-Key", "k");
            using var response = await Portal.SendAsync(request, Cancel);
            ids.Add((await JsonAsync(response)).GetProperty("id").GetInt64());
        }

        Assert.Single(ids);
    }

    [Fact]
    public async Task A_form_launches_too()
    {
        var definition = await DefineAsync("form", "execute: echo \"$A\"");
        using var form = new FormUrlEncodedContent([new("env[A]", "from a form")]);

        using var response = await Portal.PostAsync(Path(definition), form, Cancel);
        var instance = (await JsonAsync(response)).GetProperty("id").GetInt64();
        await EndOfAsync(instance);

        Assert.Equal("from a form\n", await OutputAsync(instance));
    }
}
