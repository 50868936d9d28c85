using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Ascob.Core.Kuroko2;
using CsCheck;

namespace Ascob.Tests.Core.Kuroko2;

/// <summary>Compiled scripts in a real shell, with the environment that the job would have.</summary>
public sealed class CompiledProgramTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-kuroko2-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tasks_run_in_order_with_children_before_the_next_sibling()
    {
        var end = await RunAsync("echo: a\nnoop:\n  execute: echo b\n  sequence:\n    echo: c\nexecute: echo d");

        Assert.Equal((0, "a\nb\nc\nd\n", string.Empty), end);
    }

    [Theory]
    [InlineData("a 'b' \"c\" $HOME `id` \\n %s !x")]
    [InlineData("-n")]
    [InlineData("{{{ a }} {% raw %} {'{' {")]
    [InlineData("it's $(exit 3); exit 4")]
    public async Task An_echo_says_its_text_and_nothing_of_it_is_code(string text)
    {
        Assert.Equal((0, text + "\n", string.Empty), await RunAsync("echo: " + text));
    }

    [Fact]
    public async Task Kuroko2_behaviour_10_values_of_env_lose_their_quotes_and_escapes()
    {
        var end = await RunAsync("env: A=\"B=2 C=3\" D='x\\'y' E=\nexecute: printf '<%s>' \"$A\" \"$D\" \"$E\" ${E-unset}");

        Assert.Equal((0, "<B=2 C=3><x'y><>", string.Empty), end);
    }

    [Fact]
    public async Task Kuroko2_behaviour_11_later_values_win_and_nothing_of_the_machinery_reaches_a_command()
    {
        var end = await RunAsync(
            "execute: printf '%s ' \"$A\"\nenv: A=2 B=x\nexecute: printf '%s ' \"$A\"\nenv: A=3\nrails_env: test\nexecute: env | grep -v '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=' | sort",
            ("A", "1"),
            ("ASCOB_RUN_ID", "77"));

        Assert.Equal((0, $"1 2 A=3\nASCOB_RUN_ID=77\nB=x\nKUROKO2_JOB_INSTANCE_ID=77\nPATH={Path}\nRAILS_ENV=test\n", string.Empty), end);
    }

    [Fact]
    public async Task No_command_changes_what_the_others_or_the_program_find()
    {
        var end = await RunAsync("env: PATH=/nowhere\nexecute: A=1; cd /; exec /bin/true\nexecute: /bin/pwd; exit 0; echo never\nsleep: 0\nretry: count=1 sleep_time=1\n  execute: test -e here || { : > here; exit 1; }");

        Assert.Equal(0, end.Code);
        Assert.Equal(_directory + "\n", end.Output);
    }

    [Fact]
    public async Task Kuroko2_behaviour_13_the_first_failure_ends_the_script_with_its_code_and_line()
    {
        var end = await RunAsync("execute: echo a\n\nexecute: exit 7\nexecute: echo never");

        Assert.Equal((7, "a\n", "kuroko2: line 3 (/1-execute) ended with exit code 7\n"), end);
    }

    [Theory]
    [InlineData("kill -TERM $$", 143, "TERM")]
    [InlineData("kill -KILL $$", 137, "KILL")]
    public async Task Kuroko2_behaviour_14_death_by_a_signal_is_a_failure_and_names_it(string command, int code, string signal)
    {
        var end = await RunAsync($"execute: {command}\necho: never");

        Assert.Equal((code, string.Empty), (end.Code, end.Output));
        Assert.Contains($"was ended by the signal {signal} (exit code {code})", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_is_no_shell_text_or_no_program_fails_by_itself()
    {
        Assert.Equal(127, (await RunAsync("execute: /no/such/program")).Code);

        var end = await RunAsync("auto_skip_error: 1\nexecute: if (\nexecute: )\necho: still here");

        Assert.Equal((0, "still here\n"), (end.Code, end.Output));
    }

    [Fact]
    public async Task Kuroko2_behaviour_21_after_auto_skip_error_the_script_goes_on()
    {
        var end = await RunAsync("auto_skip_error: true\nexecute: exit 7\necho: on\nauto_skip_error: false\nexecute: exit 8\necho: never");

        Assert.Equal((8, "on\n"), (end.Code, end.Output));
        Assert.Contains("line 2 (/1-execute) ended with exit code 7; skipped because of auto_skip_error", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kuroko2_behaviour_22_retries_are_repetitions_after_the_first_failure_of_direct_children()
    {
        var third = await RunAsync("retry: count=3\n  execute: echo x >> tries; test $(wc -l < tries) -eq 3\necho: done");
        var fourth = await RunAsync("retry: count=3\n  execute: echo x; exit 5\necho: never");
        var grandchild = await RunAsync("retry: count=3\n  sequence:\n    execute: echo y; exit 6");

        Assert.Equal((0, "done\n"), (third.Code, third.Output));
        Assert.Equal((5, "x\nx\nx\nx\n"), (fourth.Code, fourth.Output));
        Assert.Equal((6, "y\n"), (grandchild.Code, grandchild.Output));
        Assert.Contains("line 2 (/0-retry/0-execute) ended with exit code 5; next try in 0 seconds, then 2 more", fourth.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kuroko2_behaviour_24_sleep_and_pauses_take_their_time()
    {
        var watch = Stopwatch.StartNew();

        var end = await RunAsync("sleep: 1\nretry: count=1 sleep_time=1\n  execute: test -e once || { : > once; exit 1; }");

        Assert.Equal(0, end.Code);
        Assert.True(watch.Elapsed >= TimeSpan.FromSeconds(2), $"{watch.Elapsed}");
    }

    [Fact]
    public async Task Kuroko2_behaviour_25_a_command_beyond_its_time_is_ended_with_all_it_started_and_fails()
    {
        var end = await RunAsync("timeout: 1\nexecute: trap 'echo asked; exit 9' TERM; sleep 120 & wait\necho: never", minute: 1);

        Assert.Equal((124, "asked\n"), (end.Code, end.Output));
        Assert.Contains("line 2 (/1-execute) took longer than 1 seconds and was ended", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_time_limit_holds_for_each_command_and_each_repetition()
    {
        var end = await RunAsync("timeout: 1\nretry: count=1\n  execute: echo a; exec sleep 60\ntimeout: 0\nexecute: echo b", minute: 1);

        Assert.Equal((124, "a\na\n"), (end.Code, end.Output));
    }

    // Any value that one line can hold reaches the command as it is.
    [Fact]
    public void Values_reach_commands_unchanged()
    {
        var value = Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Char["'\"\\$`# é！"])];
        Gen.Select(value, Gen.Bool).Array[1, 20].Sample(
            values =>
            {
                var script = new StringBuilder();
                var expected = new StringBuilder();
                for (var i = 0; i < values.Length; i++)
                {
                    var (text, doubled) = values[i];
                    var quote = doubled ? '"' : '\'';
                    text = NoEscapes($"\\\\+{quote}", text + quote)[..^1];
                    script.Append(CultureInfo.InvariantCulture, $"env: V{i}={quote}{text.Replace($"{quote}", $"\\{quote}", StringComparison.Ordinal)}{quote} # it's\n");
                    script.Append(CultureInfo.InvariantCulture, $"execute: printf '%s\\n' \"$V{i}\"\n");
                    expected.Append(text).Append('\n');
                }

                Assert.Equal((0, expected.ToString(), string.Empty), RunAsync(script.ToString()).GetAwaiter().GetResult());
            },
            iter: 40,
            threads: 1);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // A backslash before the quote is the one thing that a value cannot hold.
    private static string NoEscapes(string pattern, string text) => Regex.Replace(text, pattern, m => m.Value[^1..]);

    private const string Path = "/usr/local/bin:/usr/bin:/bin";

    private async Task<(int Code, string Output, string Errors)> RunAsync(string script, params (string Name, string Value)[] environment) => await RunAsync(script, 60, environment);

    private async Task<(int Code, string Output, string Errors)> RunAsync(string script, int minute, params (string Name, string Value)[] environment)
    {
        var (compiled, faults) = ScriptCompiler.Compile(ParsedScript.Parse(script), ScriptSurroundings.Bare, minute);
        Assert.Empty(faults);
        var (spec, fault) = compiled!.ToJobSpec();
        Assert.Null(fault);

        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = _directory, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(spec!.Labels!["shell_command"]);
        start.Environment.Clear();
        start.Environment["PATH"] = Path;
        foreach (var (name, value) in spec.Parameters!.Select(p => (p.Key, p.Value)).Concat(environment))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(Cancel);
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        return (process.ExitCode, await output, await errors);
    }
}
