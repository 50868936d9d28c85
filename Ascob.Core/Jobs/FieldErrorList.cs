using System.Globalization;
using System.Text;
using Ascob.Core.Errors;

namespace Ascob.Core.Jobs;

/// <summary>Collects refused fields up to a bound, so that a hostile body cannot ask for a huge answer.</summary>
internal sealed class FieldErrorList(int limit)
{
    private const int LongestKeyInPath = 100;

    private readonly List<FieldError> _errors = [];
    private int _more;

    /// <summary>Notes a refused field.</summary>
    public void Add(string field, string message)
    {
        if (_errors.Count < limit)
        {
            _errors.Add(new FieldError(field, message));
        }
        else
        {
            _more++;
        }
    }

    /// <summary>Answers what was noted, with one entry for all that is over the limit.</summary>
    public IReadOnlyList<FieldError> ToList() => _more == 0
        ? _errors
        : [.. _errors, new FieldError("jobSpec", string.Create(CultureInfo.InvariantCulture, $"And {_more} more errors."))];

    /// <summary>Answers the JSON path of a member of a map: <c>map.key</c>, or <c>map['key']</c> (escaped and cut) where the key is no plain word.</summary>
    public static string Member(string map, string key)
    {
        if (key.Length is > 0 and <= LongestKeyInPath && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            return $"{map}.{key}";
        }

        var text = new StringBuilder(map).Append("['");
        foreach (var c in key.AsSpan(0, Math.Min(key.Length, LongestKeyInPath)))
        {
            if (c is '\'' or '\\')
            {
                text.Append('\\').Append(c);
            }
            else if (c is < ' ' or > '~')
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                text.Append(c);
            }
        }

        return text.Append(key.Length > LongestKeyInPath ? "…']" : "']").ToString();
    }
}
