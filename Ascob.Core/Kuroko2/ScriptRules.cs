namespace Ascob.Core.Kuroko2;

/// <summary>What the tasks of a script must look like. A definition is one sequence on one backend, so what starts branches or other definitions is refused.</summary>
internal static class ScriptRules
{
    // Each with what it would do: the message tells an author what is missing, not only that something is.
    private static readonly Dictionary<string, string> OfWorkflows = new(StringComparer.Ordinal)
    {
        ["fork"] = "runs branches side by side",
        ["parallel_fork"] = "runs branches side by side",
        ["sub_process"] = "runs another definition",
        ["subprocess"] = "runs another definition",
        ["wait"] = "waits for other definitions",
        ["kuroko_runner"] = "runs kuroko2's own maintenance",
    };

    private static readonly string[] Known =
        ["auto_skip_error", "echo", "env", "execute", "expected_time", "noop", "queue", "rails_env", "retry", "sequence", "sleep", "timeout"];

    /// <summary>Answers whether the language has a task of this name, also one that is refused here.</summary>
    public static bool IsBuiltIn(string type) => Known.Contains(type, StringComparer.Ordinal) || OfWorkflows.ContainsKey(type);

    /// <summary>Answers what is wrong, in the order of the lines.</summary>
    public static IReadOnlyList<ScriptFault> Check(ParsedScript script, ScriptSurroundings surroundings)
    {
        if (script.Faults.Count > 0)
        {
            return script.Faults;
        }

        var faults = new List<ScriptFault>();
        var queue = new QueueRule(surroundings);
        foreach (var task in script.InOrder)
        {
            if ((Problem(task, surroundings) ?? queue.Problem(task)) is { } problem)
            {
                faults.Add(new ScriptFault(task.Line, problem));
            }

            if (faults.Count == ParsedScript.MostFaults)
            {
                break;
            }
        }

        return faults;
    }

    private static string? Problem(ScriptTask task, ScriptSurroundings surroundings)
    {
        var problem = task.Type switch
        {
            "noop" or "sequence" or "echo" or "auto_skip_error" => null,
            "env" => TaskOptions.Variables(task.Option, out _),
            "rails_env" => TaskOptions.RailsEnvironment(task.Option),
            "queue" => TaskOptions.Queue(task.Option),
            "execute" => task.Option is null ? "needs a command." : null,
            "sleep" => TaskOptions.Seconds(task.Option, out _),
            "timeout" or "expected_time" => TaskOptions.Duration(task.Option, out _),
            "retry" => TaskOptions.Retry(task.Option, out _, out _),
            _ => null,
        };

        return problem is not null ? $"{task.Type}: {problem}"
            : Known.Contains(task.Type, StringComparer.Ordinal) || surroundings.CustomTasks.ContainsKey(task.Type) ? null
            : OfWorkflows.TryGetValue(task.Type, out var does) ? $"{task.Type}: {does}, which a definition that is one sequence of tasks cannot; workflows do that."
            : $"There is no task \"{task.Type}\"; there are {string.Join(", ", Known.Concat(surroundings.CustomTasks.Keys).Order(StringComparer.Ordinal))}.";
    }

    // One sequence runs on one backend, so its commands cannot lie in two queues.
    private sealed class QueueRule(ScriptSurroundings surroundings)
    {
        private string? _queue;
        private bool _hasCommand;

        public string? Problem(ScriptTask task)
        {
            if (task.Type != "queue")
            {
                _hasCommand |= task.Type == "execute" || surroundings.CustomTasks.ContainsKey(task.Type);
                return null;
            }

            var problem = _queue is not null && _queue != task.Option ? $"queue: The commands of a definition lie in one queue; it is {_queue} already."
                : _queue is null && _hasCommand && task.Option != ScriptSurroundings.DefaultQueue ? "queue: The queue must be named before the first command, because all commands of a definition lie in one queue."
                : !surroundings.ServesQueue(task.Option!) ? $"queue: No backend serves {task.Option}; one that does declares the label {ScriptSurroundings.QueueLabel}."
                : null;
            _queue ??= task.Option;
            return problem;
        }
    }
}
