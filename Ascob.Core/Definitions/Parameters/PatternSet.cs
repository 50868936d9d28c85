using System.Globalization;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>A set of characters of a <see cref="SchemaPattern"/>: ranges of code points, and Unicode's categories.</summary>
internal sealed class PatternSet
{
    private const int Last = 0x10FFFF;

    private static readonly string[] Categories =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private static readonly (int From, int To)[] Digits = [('0', '9')];
    private static readonly (int From, int To)[] Words = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

    private static readonly (int From, int To)[] Spaces =
    [
        ('\t', '\r'), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
    ];

    private readonly int[] _starts;
    private readonly int[] _ends;
    private readonly int _categories;
    private readonly bool _isNegated;

    /// <summary>Makes a set; the ranges may overlap and stand in any order.</summary>
    public PatternSet(IEnumerable<(int From, int To)> ranges, int categories = 0, bool isNegated = false)
    {
        var merged = Merge(ranges);
        _starts = [.. merged.Select(r => r.From)];
        _ends = [.. merged.Select(r => r.To)];
        _categories = categories;
        _isNegated = isNegated;
    }

    /// <summary>Gets every character but the ends of lines.</summary>
    public static PatternSet Any { get; } = new([('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)], isNegated: true);

    public static bool IsWord(int character) => character is (>= '0' and <= '9') or (>= 'A' and <= 'Z') or '_' or (>= 'a' and <= 'z');

    /// <summary>Answers the ranges of <c>\d</c>, <c>\w</c> or <c>\s</c>, or what those in capitals leave; null for another letter.</summary>
    public static IReadOnlyList<(int From, int To)>? RangesOf(int letter) => letter switch
    {
        'd' => Digits,
        'w' => Words,
        's' => Spaces,
        'D' => Others(Digits),
        'W' => Others(Words),
        'S' => Others(Spaces),
        _ => null,
    };

    /// <summary>Answers the categories of a name such as <c>Lu</c> or <c>L</c> as bits; 0 where there is none.</summary>
    public static int CategoriesOf(string name)
    {
        var bits = 0;
        for (var i = 0; i < Categories.Length; i++)
        {
            bits |= name.Length is 1 or 2 && Categories[i].StartsWith(name, StringComparison.Ordinal) ? 1 << i : 0;
        }

        return bits;
    }

    /// <summary>Answers the bits of all categories that are not among these.</summary>
    public static int OtherCategories(int bits) => ~bits & ((1 << Categories.Length) - 1);

    public bool Contains(int character)
    {
        var at = Array.BinarySearch(_starts, character);
        at = at < 0 ? ~at - 1 : at;
        var isIn = (at >= 0 && character <= _ends[at]) || (_categories != 0 && (_categories >> (int)CharUnicodeInfo.GetUnicodeCategory(character) & 1) != 0);
        return isIn != _isNegated;
    }

    private static List<(int From, int To)> Merge(IEnumerable<(int From, int To)> ranges)
    {
        var merged = new List<(int From, int To)>();
        foreach (var range in ranges.Order())
        {
            if (merged.Count > 0 && range.From <= merged[^1].To)
            {
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, range.To));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    private static List<(int From, int To)> Others((int From, int To)[] ranges)
    {
        var others = new List<(int From, int To)>();
        var next = 0;
        foreach (var (from, to) in ranges)
        {
            if (from > next)
            {
                others.Add((next, from - 1));
            }

            next = to + 1;
        }

        others.Add((next, Last));
        return others;
    }
}
