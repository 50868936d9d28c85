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

    private const string EditedWords = "edited template";
    private const int LongestText = 500;

    /// <summary>Gets whether a client asked for it, and not the server itself.</summary>
    public bool IsAsked => Kind is Api or Kuroko2 or Overseer;

    /// <summary>Gets whether the run has a job of its own in place of that of its definition.</summary>
    public bool IsEdited => Text is { } text && (text == EditedWords || text.EndsWith($"({EditedWords})", StringComparison.Ordinal));

    /// <summary>Answers the cause of a run that has a job of its own in place of that of its definition.</summary>
    public RunCause Edited()
    {
        const int Room = LongestText - 20;
        return this with { Text = Text is null ? EditedWords : $"{Cut(Text, Room)} ({EditedWords})" };
    }

    /// <summary>Answers it as one text, for the store.</summary>
    public string ToStored() => Text is null ? Kind : $"{Kind}:{Cut(Text, LongestText)}";

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
    private static string Cut(string text, int longest) => text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
