using System.Globalization;
using System.Text.RegularExpressions;

namespace Ascob.Core.Repository;

/// <summary>Reads the words of YAML 1.1 and 1.2 for flags, numbers and times.</summary>
internal static partial class Words
{
    private const int MostDigits = 4000;

    private static readonly string[] True = ["y", "yes", "true", "on"];
    private static readonly string[] False = ["n", "no", "false", "off"];

    private static readonly string[] Times =
    [
        "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd' 'HH:mm", "yyyy-MM-dd' 'HH:mm:ss", "yyyy-MM-dd' 'HH:mm:ss.FFFFFFF",
        "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd' 'HH:mmK", "yyyy-MM-dd' 'HH:mm:ssK", "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd' 'HH:mm:ss' 'K", "yyyy-MM-dd' 'HH:mm:ss.FFFFFFF' 'K",
    ];

    /// <summary>Reads a flag.</summary>
    public static bool TryFlag(string text, out bool flag)
    {
        flag = True.Contains(text, StringComparer.OrdinalIgnoreCase);
        return flag || False.Contains(text, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Reads a whole number of any size into its plain decimal form; null where it is none.</summary>
    public static string? Whole(string text)
    {
        if (text.Length > MostDigits || !WholeForm().IsMatch(text))
        {
            return null;
        }

        var negative = text[0] == '-';
        var digits = text.TrimStart('-', '+').Replace("_", string.Empty, StringComparison.Ordinal);
        var value = digits switch
        {
            ['0', 'x', .. var hex] => System.Numerics.BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            ['0', 'o', .. var octal] => octal.Aggregate(System.Numerics.BigInteger.Zero, (sum, digit) => (sum * 8) + (digit - '0')),
            _ => System.Numerics.BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture),
        };
        return (negative ? -value : value).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Reads a number, in YAML's words also the infinite ones and the one that is none, into a plain form; null where it is no number.</summary>
    public static string? Number(string text)
    {
        if (text.Length > MostDigits)
        {
            return null;
        }

        if (text.TrimStart('+', '-') is ".inf" or ".Inf" or ".INF")
        {
            return text[0] == '-' ? "-inf" : "inf";
        }

        if (text is ".nan" or ".NaN" or ".NAN")
        {
            return "nan";
        }

        return NumberForm().IsMatch(text) ? text.TrimStart('+') : Whole(text);
    }

    /// <summary>Reads a date, or a date with a time, which is UTC where nothing else is said.</summary>
    public static bool TryTime(string text, out DateTimeOffset time, out bool isDate)
    {
        isDate = DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        return isDate
            || DateTimeOffset.TryParseExact(text.Replace('t', 'T'), Times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    [GeneratedRegex("^[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)$", RegexOptions.CultureInvariant)]
    private static partial Regex WholeForm();

    [GeneratedRegex(@"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?$", RegexOptions.CultureInvariant)]
    private static partial Regex NumberForm();
}
