using System.Globalization;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Microsoft.Extensions.Primitives;

namespace Ascob.Server.Api;

/// <summary>Reads query parameters strictly and collects what is wrong, so that all of it is named at once. Unknown parameters are ignored.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    private readonly List<FieldError> _errors = [];

    public string? Text(string name, int longest = 200)
    {
        if (Single(name) is not { } value)
        {
            return null;
        }

        if (value.Length is 0 || value.Length > longest)
        {
            Refuse(name, string.Create(CultureInfo.InvariantCulture, $"1 to {longest} characters."));
            return null;
        }

        return value;
    }

    public IReadOnlyList<string>? Texts(string name, int most = 50, int longest = 2000)
    {
        var values = query[name];
        if (values.Count == 0)
        {
            return null;
        }

        if (values.Count > most || values.Any(v => string.IsNullOrEmpty(v) || v.Length > longest || !IsClean(v)))
        {
            Refuse(name, string.Create(CultureInfo.InvariantCulture, $"At most {most} values of 1 to {longest} characters each."));
            return null;
        }

        return [.. values.OfType<string>()];
    }

    public bool Flag(string name)
    {
        var value = Single(name);
        if (value is not (null or "true" or "false"))
        {
            Refuse(name, "true or false.");
        }

        return value == "true";
    }

    public long? Number(string name, long least, long most)
    {
        if (Single(name) is not { } value)
        {
            return null;
        }

        if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Refuse(name, string.Create(CultureInfo.InvariantCulture, $"A whole number from {least} to {most}."));
        return null;
    }

    public DateTimeOffset? Time(string name)
    {
        if (Single(name) is not { } value)
        {
            return null;
        }

        // A plus sign that was not escaped arrives as a blank.
        if (AscobJson.TryParseTime(value.Replace(' ', '+'), out var time))
        {
            return time;
        }

        Refuse(name, "A time such as 2026-01-31T12:00:00Z.");
        return null;
    }

    public void Refuse(string name, string message) => _errors.Add(new FieldError(name, message));

    /// <summary>Ends the reading; refuses the request where anything was wrong.</summary>
    public void Done()
    {
        if (_errors.Count > 0)
        {
            throw new RequestRefusedException(Error.Invalid(_errors));
        }
    }

    private string? Single(string name)
    {
        var values = query[name];
        if (values.Count > 1)
        {
            Refuse(name, "Given more than once.");
            return null;
        }

        if (StringValues.IsNullOrEmpty(values))
        {
            return values.Count == 0 ? null : string.Empty;
        }

        if (!IsClean(values.ToString()))
        {
            Refuse(name, "Control characters and broken text are not allowed.");
            return null;
        }

        return values.ToString();
    }

    private static bool IsClean(string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (char.IsControl(value[i]))
            {
                return false;
            }

            if (char.IsHighSurrogate(value[i]) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(value[i]))
            {
                return false;
            }
        }

        return true;
    }
}
