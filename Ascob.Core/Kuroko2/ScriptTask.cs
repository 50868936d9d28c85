using System.Text;

namespace Ascob.Core.Kuroko2;

/// <summary>One task of a script with those that stand indented below it.</summary>
/// <param name="Type">The word before the colon, as written.</param>
/// <param name="Option">What follows the colon, without comment and blanks around it; null where that is nothing.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Path">The address in the script, such as <c>/1-retry/0-execute</c>: the number is the place among its siblings, from 0.</param>
public sealed record ScriptTask(string Type, string? Option, int Line, string Path)
{
    private readonly List<ScriptTask> _children = [];

    /// <summary>Gets the tasks below this one, in order.</summary>
    public IReadOnlyList<ScriptTask> Children => _children;

    /// <summary>Answers this task and all below it in the order in which they run: a task, then its children, then its next sibling.</summary>
    public IEnumerable<ScriptTask> InOrder()
    {
        var rest = new Stack<ScriptTask>([this]);
        while (rest.TryPop(out var task))
        {
            yield return task;
            for (var i = task._children.Count - 1; i >= 0; i--)
            {
                rest.Push(task._children[i]);
            }
        }
    }

    /// <summary>Answers the tasks as text again: one line for each, two blanks for each level, no comments.</summary>
    public static string ToText(IEnumerable<ScriptTask> tasks)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        var text = new StringBuilder();
        foreach (var task in tasks.SelectMany(t => t.InOrder()))
        {
            var level = task.Path.Count(c => c == '/') - 1;
            text.Append(' ', 2 * level).Append(task.Type).Append(':');
            if (task.Option is { } option)
            {
                text.Append(' ').Append(option);
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    internal void Add(ScriptTask child) => _children.Add(child);
}
