using System.Globalization;

namespace Ascob.Bench.Chaos;

/// <summary>What was counted and what was violated.</summary>
internal sealed class ChaosVerdict
{
    private const int Shown = 5;
    private readonly List<(string Name, string Value)> _facts = [];
    private readonly List<(string Name, IReadOnlyList<string> Found)> _checks = [];

    public int Violations => _checks.Sum(c => c.Found.Count);

    public int Of(string name) => _checks.Where(c => c.Name == name).Sum(c => c.Found.Count);

    public void Fact(string name, FormattableString value) => _facts.Add((name, value.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Adds something that must not be.</summary>
    public void Never(string name, IEnumerable<string> found) => _checks.Add((name, found.ToList()));

    public void Print()
    {
        foreach (var (name, value) in _facts)
        {
            Console.WriteLine($"  {name,-44} {value}");
        }

        foreach (var (name, found) in _checks)
        {
            Console.WriteLine($"  {name,-44} {found.Count}{(found.Count > 0 ? "   <-- VIOLATION" : string.Empty)}");
            foreach (var one in found.Take(Shown))
            {
                Console.WriteLine($"      {one}");
            }
        }
    }
}
