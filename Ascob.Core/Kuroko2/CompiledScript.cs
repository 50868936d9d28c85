using System.Globalization;
using System.Text;
using Ascob.Core.Jobs;

namespace Ascob.Core.Kuroko2;

/// <summary>A script as one program for a shell.</summary>
/// <param name="Program">The text of the program.</param>
/// <param name="Queue">The queue of its commands.</param>
/// <param name="TimeoutSeconds">The longest time that the program can take if its own limits hold; null where a command has none.</param>
/// <param name="ExpectedSeconds">After how long the run takes longer than expected.</param>
public sealed record CompiledScript(string Program, string Queue, int? TimeoutSeconds, int ExpectedSeconds)
{
    /// <summary>The parameter that holds the program; a second piece and those behind it have their number appended.</summary>
    public const string ProgramVariable = "KUROKO2_PROGRAM";

    /// <summary>The prefix of the variables that tell a job of itself.</summary>
    public const string VariablePrefix = "KUROKO2_";

    // The shell takes the program out of its environment before it runs it, so that the commands do not find it in theirs.
    private const int MostPieces = 7;

    /// <summary>Answers the job, or a fault where the program is larger than a job may be.</summary>
    public (JobSpec? Spec, ScriptFault? Fault) ToJobSpec()
    {
        var pieces = Cut(Program);
        if (pieces.Count > MostPieces)
        {
            return (null, new ScriptFault(1, $"The script is too large: as a program it has {Encoding.UTF8.GetByteCount(Program)} bytes, and a job takes {MostPieces * JobSpecLimits.ParameterValueBytes}."));
        }

        var names = Enumerable.Range(1, pieces.Count).Select(NameOf).ToList();
        var command = $"ascob_program={string.Concat(names.Select(n => $"${{{n}}}"))}; unset {string.Join(' ', names)}; eval \"$ascob_program\"";
        return (new JobSpec
        {
            Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["shell_command"] = command, [ScriptSurroundings.QueueLabel] = Queue },
            Parameters = names.Zip(pieces).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal),
            TimeoutSeconds = TimeoutSeconds,
        }, null);
    }

    private static string NameOf(int number) => number == 1 ? ProgramVariable : ProgramVariable + "_" + number.ToString(CultureInfo.InvariantCulture);

    private static List<string> Cut(string text)
    {
        var pieces = new List<string>();
        var piece = new StringBuilder();
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > JobSpecLimits.ParameterValueBytes)
            {
                pieces.Add(piece.ToString());
                piece.Clear();
                bytes = 0;
            }

            piece.Append(rune.ToString());
            bytes += rune.Utf8SequenceLength;
        }

        pieces.Add(piece.ToString());
        return pieces;
    }
}
