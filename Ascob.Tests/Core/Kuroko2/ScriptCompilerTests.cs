using System.Globalization;
using Ascob.Core.Jobs;
using Ascob.Core.Kuroko2;
using Ascob.Core.Templates;

namespace Ascob.Tests.Core.Kuroko2;

public sealed class ScriptCompilerTests
{
    [Theory]
    [InlineData("noop:\nfrob: x", 2, "There is no task \"frob\"")]
    [InlineData("Execute: x", 1, "There is no task \"Execute\"")]
    public void Kuroko2_behaviour_5_an_unknown_task_is_refused(string script, int line, string message) => AssertRefused(script, line, message);

    [Theory]
    [InlineData("fork:", 1, "workflows")]
    [InlineData("noop:\nfork:\n  execute: a\n  execute: b", 2, "workflows")]
    [InlineData("parallel_fork: B", 1, "workflows")]
    [InlineData("sub_process: 7", 1, "workflows")]
    [InlineData("subprocess: 7", 1, "workflows")]
    [InlineData("noop:\n\nwait: 7/hourly", 3, "workflows")]
    [InlineData("kuroko_runner: cleanup_old_instances", 1, "workflows")]
    [InlineData("sleep: x", 1, "seconds")]
    [InlineData("sleep:", 1, "seconds")]
    [InlineData("sleep: 99999999999", 1, "seconds")]
    [InlineData("timeout: a", 1, "minutes")]
    [InlineData("timeout:", 1, "minutes")]
    [InlineData("timeout: 1d", 1, "minutes")]
    [InlineData("expected_time: -1", 1, "minutes")]
    [InlineData("timeout: 99999h", 1, "at most")]
    [InlineData("execute:", 1, "command")]
    [InlineData("execute: # gone", 1, "command")]
    [InlineData("retry: sleep_time=10", 1, "count=N")]
    [InlineData("retry: count=3 pause=10", 1, "pause=10")]
    [InlineData("retry: count=3 count=4", 1, "count=4")]
    [InlineData("retry: count=", 1, "count=")]
    [InlineData("retry: count=1001", 1, "1000 times")]
    [InlineData("rails_env: prod", 1, "production")]
    [InlineData("env:", 1, "NAME=VALUE")]
    [InlineData("env: A", 1, "\"A\"")]
    [InlineData("env: A=1 B='x", 1, "\"B='x\"")]
    [InlineData("env: A='x'y", 1, "\"A='x'y\"")]
    [InlineData("env: 1A=x", 1, "digit")]
    [InlineData("env: UID=0", 1, "reserved")]
    [InlineData("env: ASCOB_RUN=x", 1, "reserved")]
    [InlineData("env: ascob_code=0", 1, "reserved")]
    [InlineData("env: A;rm=x", 1, "\"A;rm=x\"")]
    [InlineData("queue: a b", 1, "name of a queue")]
    [InlineData("queue: a\nexecute: x\nqueue: b", 3, "one queue")]
    [InlineData("execute: x\nqueue: b", 2, "before the first command")]
    public void Kuroko2_behaviour_7_tasks_that_cannot_be_run_are_refused_with_their_line(string script, int line, string message) => AssertRefused(script, line, message);

    [Theory]
    [InlineData("retry: count=3 sleep_time=10")]
    [InlineData("retry: count=3, sleep_time=0\n  execute: a")]
    [InlineData("env: A=\"B=2 C=3\" D='x\\'y' E= F=don't")]
    [InlineData("env: PATH=/opt/bin:/bin LD_LIBRARY_PATH=/opt/lib")]
    [InlineData("queue: @default\nexecute: x\nqueue: @default")]
    [InlineData("queue: batch\nexecute: x")]
    [InlineData("auto_skip_error:\nauto_skip_error: perhaps")]
    [InlineData("timeout: 0\nexpected_time: 90m\nrails_env: staging\nnoop: x\nsequence: y\n  echo:")]
    [InlineData("# nothing but a comment")]
    public void Tasks_that_can_be_run_are_taken(string script) => Assert.Empty(ScriptCompiler.Compile(script, ScriptSurroundings.Bare).Faults);

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var faults = ScriptCompiler.Compile("frob:\nnoop:\nsleep: x\nfork:", ScriptSurroundings.Bare).Faults;

        Assert.Equal([1, 3, 4], faults.Select(f => f.Line));
    }

    [Fact]
    public void Kuroko2_behaviour_9_a_queue_that_no_backend_serves_is_refused()
    {
        var surroundings = ScriptSurroundings.Bare with { ServesQueue = q => q is "@default" or "batch" };

        Assert.Contains("No backend serves night", Assert.Single(ScriptCompiler.Compile("queue: night", surroundings).Faults).Message, StringComparison.Ordinal);
        Assert.Equal("batch", ScriptCompiler.Compile("queue: batch", surroundings).Compiled!.Queue);
        Assert.Equal("@default", ScriptCompiler.Compile("noop:", surroundings).Compiled!.Queue);
    }

    [Fact]
    public void Own_tasks_are_known_by_configuration_only()
    {
        var surroundings = ScriptSurroundings.Bare with { CustomTasks = new Dictionary<string, string> { ["rails_runner"] = "cd /srv/app && exec bin/rails runner \"$KUROKO2_OPTION\"" } };

        var compiled = ScriptCompiler.Compile("rails_runner: Report.new.run # nightly", surroundings).Compiled!;

        Assert.Contains("export KUROKO2_OPTION='Report.new.run'", compiled.Program, StringComparison.Ordinal);
        Assert.Contains("exec bin/rails runner \"$KUROKO2_OPTION\"", compiled.Program, StringComparison.Ordinal);
        Assert.Single(ScriptCompiler.Compile("rails_runner: Report.new.run", ScriptSurroundings.Bare).Faults);
    }

    [Theory]
    [InlineData("execute: a", null, 86_400)]
    [InlineData("timeout: 1\nexpected_time: 2h\nexecute: a", 60 + 15 + 15, 7_200)]
    [InlineData("expected_time: 5m\ntimeout: 1\nretry: count=2 sleep_time=30\n  execute: a", (3 * (60 + 15)) + 60 + 15, 300)]
    [InlineData("execute: a\ntimeout: 1\nexecute: b", null, 86_400)]
    [InlineData("timeout: 1\nsleep: 100\nexecute: a\ntimeout: 0", 60 + 15 + 15 + 100, 86_400)]
    [InlineData("timeout: 8000h\nexecute: a\nexecute: b", null, 86_400)]
    public void The_limit_of_the_whole_run_holds_all_limits_of_its_commands(string script, int? timeout, int expected)
    {
        var compiled = ScriptCompiler.Compile(script, ScriptSurroundings.Bare).Compiled!;

        Assert.Equal((timeout, expected), (compiled.TimeoutSeconds, compiled.ExpectedSeconds));
    }

    [Fact]
    public void Nothing_in_a_program_passes_for_a_template()
    {
        var compiled = ScriptCompiler.Compile("env: A='{{{ a }}}{%'\nexecute: docker ps --format '{{.Names}}' # {{ b }}\necho: {{% raw %}", ScriptSurroundings.Bare).Compiled!;

        Assert.True(Template.Parse(compiled.Program).Value!.IsPlain);
    }

    [Fact]
    public void A_large_program_is_a_valid_job_in_pieces_and_one_that_is_too_large_is_refused()
    {
        var fits = string.Concat(Enumerable.Range(0, 800).Select(i => $"execute: echo {i.ToString(CultureInfo.InvariantCulture)} {new string('é', 20)}\n"));
        var (spec, none) = ScriptCompiler.Compile(fits, ScriptSurroundings.Bare).Compiled!.ToJobSpec();
        var (_, fault) = ScriptCompiler.Compile("echo: " + new string('\'', 60_000), ScriptSurroundings.Bare).Compiled!.ToJobSpec();

        Assert.Null(none);
        Assert.True(spec!.Parameters!.Count > 3);
        Assert.Empty(JobSpecValidator.Validate(spec));
        Assert.Contains("too large", fault!.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(string script, int line, string message)
    {
        var (compiled, faults) = ScriptCompiler.Compile(script, ScriptSurroundings.Bare);

        var fault = Assert.Single(faults);
        Assert.Null(compiled);
        Assert.Equal(line, fault.Line);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }
}
