using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ascob.Core.Schedules;

/// <summary>
/// When a definition is launched by itself, as people write it: a <see cref="Cron"/> expression, a period (<see cref="EverySeconds"/>, from <see cref="StartAt"/> on), or <see cref="StartAt"/> alone for
/// one firing.
/// </summary>
public sealed record ScheduleSpec
{
    /// <summary>Gets the cron expression, of five fields or six with seconds in front.</summary>
    public string? Cron { get; init; }

    /// <summary>Gets the IANA name of the time zone that the expression is read in; null for UTC.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Gets the seconds between two firings. Whole numbers, also in quotes.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long? EverySeconds { get; init; }

    /// <summary>Gets the time of the first firing of a period, or of the only one; with an expression, the time before which nothing fires.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Gets the time after which nothing fires; null for none.</summary>
    public DateTimeOffset? EndAt { get; init; }

    /// <summary>Gets what becomes of firings that were missed because no server was there; null for <see cref="CatchUpPolicy.One"/>.</summary>
    public CatchUpSpec? CatchUp { get; init; }

    /// <summary>Gets what a firing does while a run of this schedule is active.</summary>
    public OverlapPolicy Overlap { get; init; }

    /// <summary>Gets the bound of the delay of each firing, so that many schedules of the same minute do not begin at once; the delay is always the same for the same firing.</summary>
    public int JitterSeconds { get; init; }

    /// <summary>Gets or sets whether it fires.</summary>
    /// <remarks>Readers of JSON that the compiler makes forget the default of what is only set once.</remarks>
    public bool Enabled { get; set; } = true;

    /// <summary>Gets the place among the schedules that are due at the same moment: the lower number first. A whole number, also in quotes.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public int Priority { get; init; }

    /// <summary>Gets the parameters of the launch; null for the definition's defaults.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets a remark for people.</summary>
    public string? Description { get; init; }

    /// <summary>Answers the rhythm in words, for logs and for the cause of a run.</summary>
    public string Rhythm() => this switch
    {
        { Cron: { } cron } => TimeZone is null or "UTC" ? cron : $"{cron} ({TimeZone})",
        { EverySeconds: { } seconds } => FormattableString.Invariant($"every {seconds} s"),
        _ => $"once at {(StartAt is { } at ? Jobs.AscobJson.FormatTime(at) : "?")}",
    };
}

/// <summary>What becomes of firings that were missed.</summary>
/// <param name="Policy">Which of them are made up for.</param>
/// <param name="Limit">With <see cref="CatchUpPolicy.All"/>: the newest so many; null for <see cref="LargestLimit"/>.</param>
/// <param name="NotOlderThanSeconds">None that is older than this; null for no bound.</param>
public sealed record CatchUpSpec(CatchUpPolicy Policy = CatchUpPolicy.One, int? Limit = null, long? NotOlderThanSeconds = null)
{
    /// <summary>The most that are made up for, whatever was asked.</summary>
    public const int LargestLimit = 1000;
}

/// <summary>Which missed firings are made up for. On the wire in lower case.</summary>
public enum CatchUpPolicy
{
    /// <summary>One run stands for all of them: that of the latest.</summary>
    One,

    /// <summary>None; they are noted as missed.</summary>
    None,

    /// <summary>Each, oldest first, within the limits.</summary>
    All,
}

/// <summary>What a firing does while a run of its schedule is active. On the wire in lower case.</summary>
public enum OverlapPolicy
{
    /// <summary>It launches another one.</summary>
    Allow,

    /// <summary>It is skipped, and noted.</summary>
    Skip,

    /// <summary>It waits; while one waits, further ones are skipped.</summary>
    Queue,
}
