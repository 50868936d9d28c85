using System.Globalization;
using System.Runtime.InteropServices;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Figures;

/// <summary>Gathers figures and prints them as one table.</summary>
internal sealed class Report
{
    private static readonly string[] Head = ["figure", "median (range)", "baseline in the same run", "ratio", "goal", ""];
    private readonly List<Figure> _figures = [];
    private readonly List<string> _notes = [];

    private int _failures;

    public int Missed => _figures.Count(f => f.IsMet == false) + _failures;

    public void Add(Figure figure)
    {
        _figures.Add(figure);
        Progress(string.Join(" | ", figure.Cells()));
    }

    /// <summary>Says why something is not in the table.</summary>
    public void Note(string note)
    {
        _notes.Add(note);
        Progress(note);
    }

    /// <summary>Says what could not be measured; that counts as missed.</summary>
    public void Fail(string note)
    {
        _failures++;
        Note(note);
    }

    public static void Progress(string text) => Console.Error.WriteLine(text);

    public void Print(string settings)
    {
        // Figures from a machine that had other work are worth less; the table says so itself.
        const string Loads = "/proc/loadavg";
        if (File.Exists(Loads))
        {
            _notes.Add($"load average at the end, this program included: {string.Join(' ', File.ReadAllText(Loads).Split(' ').Take(3))}");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, {AscobServer.Configuration} build, {settings}"));
        Console.WriteLine();
        var rows = _figures.Select(f => f.Cells()).Prepend(Head).ToList();
        var widths = Enumerable.Range(0, Head.Length).Select(i => rows.Max(r => r[i].Length)).ToArray();
        for (var i = 0; i < rows.Count; i++)
        {
            Console.WriteLine("| " + string.Join(" | ", rows[i].Select((cell, column) => cell.PadRight(widths[column]))) + " |");
            if (i == 0)
            {
                Console.WriteLine("|" + string.Join('|', widths.Select(w => new string('-', w + 2))) + "|");
            }
        }

        Console.WriteLine();
        foreach (var note in _notes)
        {
            Console.WriteLine("note: " + note);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_figures.Count(f => f.IsMet == true)} goals met, {Missed} missed"));
    }
}
