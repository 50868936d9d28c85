using System.Text;
using Ascob.Core.Jobs;

namespace Ascob.Core.Kuroko2;

/// <summary>
/// A script of kuroko2 as a tree of tasks. The language is kuroko2's, with two repairs: a comment may stand at any indentation, and a <c>#</c> inside a word (the fragment of an address) begins none.
/// </summary>
/// <param name="Tasks">The tasks without indentation, in order.</param>
/// <param name="Faults">What is wrong with the text, by line; the tree is of no use then.</param>
public sealed record ParsedScript(IReadOnlyList<ScriptTask> Tasks, IReadOnlyList<ScriptFault> Faults)
{
    /// <summary>The most bytes of a script.</summary>
    public const int MostBytes = 65_535;

    /// <summary>The most tasks of a script.</summary>
    public const int MostTasks = 1_000;

    /// <summary>The most faults that are told of one script.</summary>
    public const int MostFaults = 50;

    /// <summary>Gets all tasks in the order in which they run.</summary>
    public IEnumerable<ScriptTask> InOrder => Tasks.SelectMany(t => t.InOrder());

    /// <summary>Reads a script; knows nothing of what the tasks mean.</summary>
    public static ParsedScript Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Encoding.UTF8.GetByteCount(text) > MostBytes)
        {
            return new ParsedScript([], [new ScriptFault(1, $"A script has at most {MostBytes} bytes.")]);
        }

        var tree = new TreeBuilder();
        var number = 0;
        foreach (var raw in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            var line = raw.EndsWith('\r') ? raw[..^1] : raw;
            if (TextRules.Lines(line) is { } broken)
            {
                tree.Faults.Add(new ScriptFault(number, $"The line {broken}"));
            }
            else
            {
                tree.Add(ScriptLine.Read(line), number);
            }

            if (tree.Faults.Count >= MostFaults)
            {
                break;
            }
        }

        return new ParsedScript(tree.Roots, tree.Faults);
    }

    // The indentations that are open, outermost first, each with the last task at it.
    private sealed class TreeBuilder
    {
        private readonly List<(int Indent, ScriptTask Task)> _open = [];
        private int _count;

        public List<ScriptTask> Roots { get; } = [];

        public List<ScriptFault> Faults { get; } = [];

        public void Add(ScriptLine line, int number)
        {
            if (line.Problem is { } problem)
            {
                Faults.Add(new ScriptFault(number, problem));
                return;
            }

            if (line.Type is null)
            {
                return;
            }

            if (++_count > MostTasks)
            {
                if (_count == MostTasks + 1)
                {
                    Faults.Add(new ScriptFault(number, $"A script has at most {MostTasks} tasks."));
                }

                return;
            }

            var closes = _open.Count > 0 && line.Indent < _open[^1].Indent;
            while (_open.Count > 0 && line.Indent < _open[^1].Indent)
            {
                _open.RemoveAt(_open.Count - 1);
            }

            if (closes && (_open.Count == 0 || _open[^1].Indent != line.Indent))
            {
                Faults.Add(new ScriptFault(number, "The indentation fits none of the lines above: it must be that of one of them that is still open."));
            }

            if (_open.Count > 0 && _open[^1].Indent == line.Indent)
            {
                _open.RemoveAt(_open.Count - 1);
            }

            var parent = _open.Count > 0 ? _open[^1].Task : null;
            var place = parent?.Children.Count ?? Roots.Count;
            var task = new ScriptTask(line.Type, line.Option, number, $"{parent?.Path}/{place}-{line.Type}");
            if (parent is null)
            {
                Roots.Add(task);
            }
            else
            {
                parent.Add(task);
            }

            _open.Add((line.Indent, task));
        }
    }
}
