using Ascob.Core.Jobs;

namespace Ascob.Core.Kuroko2;

/// <summary>Turns a script that is one sequence of tasks into a program for a shell.</summary>
public static class ScriptCompiler
{
    /// <summary>How long a run is expected to take where its script does not say.</summary>
    public const int UsuallyExpectedSeconds = 24 * 60 * 60;

    /// <summary>Checks a script and compiles it.</summary>
    /// <returns>The program, or what is wrong with the script; one of the two.</returns>
    public static (CompiledScript? Compiled, IReadOnlyList<ScriptFault> Faults) Compile(string script, ScriptSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(surroundings);
        return Compile(ParsedScript.Parse(script), surroundings, secondsOfMinute: 60);
    }

    /// <summary>Compiles a script with minutes that may be shorter, so that a test need not wait for one.</summary>
    internal static (CompiledScript? Compiled, IReadOnlyList<ScriptFault> Faults) Compile(ParsedScript script, ScriptSurroundings surroundings, int secondsOfMinute)
    {
        var faults = ScriptRules.Check(script, surroundings);
        if (faults.Count > 0)
        {
            return (null, faults);
        }

        var state = new State(surroundings, secondsOfMinute);
        foreach (var root in script.Tasks)
        {
            state.Add(root, retry: null);
        }

        return (state.Finish(), []);
    }

    private sealed record RetryPolicy(int Count, int Pause);

    private sealed class State(ScriptSurroundings surroundings, int secondsOfMinute)
    {
        // What the programs around a command need to end it and to say so, beyond its limit.
        private const int Slack = ProgramWriter.KillSeconds + 5;

        private readonly ProgramWriter _program = new();
        private string _queue = ScriptSurroundings.DefaultQueue;
        private int _limit;
        private int _expected = UsuallyExpectedSeconds;
        private bool _skips;
        private long? _longest = Slack;

        public void Add(ScriptTask task, RetryPolicy? retry)
        {
            Run(task, retry);
            RetryPolicy? own = null;
            if (task.Type == "retry")
            {
                _ = TaskOptions.Retry(task.Option, out var count, out var pause);
                own = new RetryPolicy(count, pause);
            }

            foreach (var child in task.Children)
            {
                Add(child, own);
            }
        }

        public CompiledScript Finish() =>
            new(_program.Finish(), _queue, _longest is <= JobSpecLimits.LongestSeconds ? (int)_longest : null, _expected);

        private void Run(ScriptTask task, RetryPolicy? retry)
        {
            switch (task.Type)
            {
                case "echo":
                    _program.Echo(task.Option ?? string.Empty);
                    break;
                case "env":
                    _ = TaskOptions.Variables(task.Option, out var variables);
                    _program.Export(variables);
                    break;
                case "rails_env":
                    _program.Export([new("RAILS_ENV", task.Option!)]);
                    break;
                case "queue":
                    _queue = task.Option!;
                    break;
                case "sleep":
                    _ = TaskOptions.Seconds(task.Option, out var seconds);
                    _program.Sleep(seconds);
                    _longest += seconds;
                    break;
                case "timeout":
                    _limit = Duration(task);
                    break;
                case "expected_time":
                    _expected = Math.Max(1, Duration(task));
                    break;
                case "auto_skip_error":
                    _skips = TaskOptions.IsOn(task.Option);
                    break;
                case "execute":
                    Command(task, task.Option!, [], retry);
                    break;
                default:
                    if (surroundings.CustomTasks.TryGetValue(task.Type, out var command))
                    {
                        Command(task, command, [new(ScriptSurroundings.OptionVariable, task.Option ?? string.Empty)], retry);
                    }

                    break;
            }
        }

        private void Command(ScriptTask task, string command, KeyValuePair<string, string>[] variables, RetryPolicy? retry)
        {
            var (count, pause) = retry is null ? (0, 0) : (retry.Count, retry.Pause);
            _program.Command(new ShellTask($"line {task.Line} ({task.Path})", command, variables, count, pause, _skips, _limit));
            _longest = _limit == 0 ? null : _longest + ((count + 1L) * (_limit + Slack)) + ((long)count * pause);
        }

        private int Duration(ScriptTask task)
        {
            _ = TaskOptions.Duration(task.Option, out var seconds);
            return seconds / 60 * secondsOfMinute;
        }
    }
}
