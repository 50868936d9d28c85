namespace Ascob.Core.Definitions.Parameters;

/// <summary>
/// A regular expression as JSON Schema has it, matched by following all of its places at once: never more work than the text's length times the expression's, and no memory that grows with the text.
/// Safe for many threads.
/// </summary>
internal sealed class SchemaPattern(string text, PatternStep[] steps, int start)
{
    /// <summary>The longest text that is matched, in UTF-16 characters: that of the longest parameter of a job.</summary>
    public const int LongestText = 32 * 1024;

    /// <summary>The most places that an expression may have, counted repetitions written out.</summary>
    public const int MostSteps = 5_000;

    private const int NoCharacter = -1;

    /// <summary>Gets how many places it has.</summary>
    public int Size => steps.Length;

    /// <summary>Answers whether it matches anywhere in a text. The work is taken from what the check has left.</summary>
    public bool IsMatch(string value, CheckWork work, string field)
    {
        // Clearing the room for each match is work too.
        work.Spend(steps.Length / 8, field);
        var seen = new int[steps.Length];
        var pending = new List<int>();
        var takers = new List<int>();
        var position = 0;
        var before = NoCharacter;
        while (true)
        {
            var next = position < value.Length ? CharacterAt(value, position) : NoCharacter;
            pending.Add(start);
            work.Spend(pending.Count, field);
            if (Follow(pending, takers, seen, position + 1, before, next, work, field))
            {
                return true;
            }

            if (next == NoCharacter)
            {
                return false;
            }

            work.Spend(takers.Count, field);
            foreach (var taker in takers)
            {
                if (steps[taker].Set!.Contains(next))
                {
                    pending.Add(steps[taker].Next);
                }
            }

            takers.Clear();
            before = next;
            position += next > char.MaxValue ? 2 : 1;
        }
    }

    public override string ToString() => text;

    // Half of a pair without its other half counts as a character, as it does in the length of the text.
    private static int CharacterAt(string value, int position) =>
        char.IsHighSurrogate(value[position]) && position + 1 < value.Length && char.IsLowSurrogate(value[position + 1]) ? char.ConvertToUtf32(value[position], value[position + 1]) : value[position];

    // Goes on to every place that takes a character, without taking one; answers whether the end of the expression is reached.
    private bool Follow(List<int> pending, List<int> takers, int[] seen, int round, int before, int next, CheckWork work, string field)
    {
        while (pending.Count > 0)
        {
            var at = pending[^1];
            pending.RemoveAt(pending.Count - 1);
            if (seen[at] == round)
            {
                continue;
            }

            seen[at] = round;
            work.Spend(1, field);
            var step = steps[at];
            switch (step.Kind)
            {
                case PatternStepKind.End:
                    return true;
                case PatternStepKind.Take:
                    takers.Add(at);
                    break;
                case PatternStepKind.Fork:
                    pending.Add(step.Other);
                    pending.Add(step.Next);
                    break;
                default:
                    if (Holds(step.Kind, before, next))
                    {
                        pending.Add(step.Next);
                    }

                    break;
            }
        }

        return false;
    }

    private static bool Holds(PatternStepKind kind, int before, int next) => kind switch
    {
        PatternStepKind.AtStart => before == NoCharacter,
        PatternStepKind.AtEnd => next == NoCharacter,
        PatternStepKind.AtWordEdge => PatternSet.IsWord(before) != PatternSet.IsWord(next),
        _ => PatternSet.IsWord(before) == PatternSet.IsWord(next),
    };
}

/// <summary>One place of an expression.</summary>
internal readonly record struct PatternStep(PatternStepKind Kind, int Next = 0, int Other = 0, PatternSet? Set = null);

/// <summary>What happens at a place of an expression.</summary>
internal enum PatternStepKind
{
    /// <summary>The expression has matched.</summary>
    End,

    /// <summary>One character of the set is taken.</summary>
    Take,

    /// <summary>It goes on at two places.</summary>
    Fork,

    /// <summary>Only at the start of the text.</summary>
    AtStart,

    /// <summary>Only at the end of the text.</summary>
    AtEnd,

    /// <summary>Only where a word begins or ends.</summary>
    AtWordEdge,

    /// <summary>Only where no word begins or ends.</summary>
    NotAtWordEdge,
}
