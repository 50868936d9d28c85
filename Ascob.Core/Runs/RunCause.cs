namespace Ascob.Core.Runs;

/// <summary>What made a run come about.</summary>
/// <param name="Kind">A word for programs: <see cref="Api"/>, <see cref="Schedule"/> and so on.</param>
/// <param name="Text">More for people, such as the schedule; null where the kind says all.</param>
public sealed record RunCause(string Kind, string? Text = null)
{
    /// <summary>Somebody asked for it over the native API.</summary>
    public const string Api = "api";

    /// <summary>A schedule was due.</summary>
    public const string Schedule = "schedule";

    /// <summary>Somebody asked for it over kuroko2's API.</summary>
    public const string Kuroko2 = "kuroko2";

    /// <summary>Somebody asked for it over Overseer's API.</summary>
    public const string Overseer = "overseer";

    private const int LongestText = 500;

    /// <summary>Gets whether a client asked for it, and not the server itself.</summary>
    public bool IsAsked => Kind is Api or Kuroko2 or Overseer;

    /// <summary>Answers it as one text, for the store.</summary>
    public string ToStored() => Text is null ? Kind : $"{Kind}:{Cut(Text)}";

    /// <summary>Reads what <see cref="ToStored"/> made; null for null.</summary>
    public static RunCause? FromStored(string? stored)
    {
        if (stored is null)
        {
            return null;
        }

        var colon = stored.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? new RunCause(stored) : new RunCause(stored[..colon], stored[(colon + 1)..]);
    }

    // Never in the middle of a character.
    private static string Cut(string text) => text.Length <= LongestText ? text : text[..(char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText)];
}
