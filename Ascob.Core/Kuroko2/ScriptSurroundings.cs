namespace Ascob.Core.Kuroko2;

/// <summary>What an installation adds to the language.</summary>
/// <param name="CustomTasks">Own tasks by name, each with the shell command that it runs; the command finds the task's option in <c>KUROKO2_OPTION</c>.</param>
/// <param name="ServesQueue">Answers whether a backend takes the commands of a queue.</param>
public sealed record ScriptSurroundings(IReadOnlyDictionary<string, string> CustomTasks, Func<string, bool> ServesQueue)
{
    /// <summary>The label that names the queue of a job; backends declare which queues they serve with it.</summary>
    public const string QueueLabel = "kuroko2_queue";

    /// <summary>The queue of a script that names none.</summary>
    public const string DefaultQueue = "@default";

    /// <summary>The variable in which the command of a custom task finds the option.</summary>
    public const string OptionVariable = "KUROKO2_OPTION";

    /// <summary>Gets the bare language, in which every queue is served.</summary>
    public static ScriptSurroundings Bare { get; } = new(new Dictionary<string, string>(), _ => true);
}
