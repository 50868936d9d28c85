using System.Text.Json.Serialization;
using Ascob.Core.Schedules;

namespace Ascob.Core.Repository;

/// <summary>A job as a file of the repository defines it, checked.</summary>
internal sealed record RepositoryJob
{
    /// <summary>Gets the name: the given one, else the file's name without its ending, with <c>-2</c> for the second of several.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the file, as a path in the repository.</summary>
    public required string File { get; init; }

    /// <summary>Gets the line where it begins.</summary>
    public int Line { get; init; }

    /// <summary>Gets what people read about it; null for nothing.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the command with its <c>{{ variables }}</c>; null where a script or nothing is run.</summary>
    public string? Command { get; init; }

    /// <summary>Gets the path below <c>scripts/</c> that is run instead; null for none.</summary>
    public string? Script { get; init; }

    /// <summary>Gets the longest run time in seconds; null for no limit.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>Gets the variables in the order of their declaration.</summary>
    public IReadOnlyList<JobVariable> Variables { get; init; } = [];

    /// <summary>Gets when it runs by itself; empty for never.</summary>
    public IReadOnlyList<JobTrigger> Schedule { get; init; } = [];

    /// <summary>Gets variables of the environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the user that it must run as; null for the server's.</summary>
    public string? User { get; init; }

    /// <summary>Gets the group that it must run as; null for the user's.</summary>
    public string? Group { get; init; }

    /// <summary>Gets the addresses that are told of an event, by its name (<c>*</c>: of each).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Hooks { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}

/// <summary>A variable of a job.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What its values are.</param>
/// <param name="Option">Whether a value that does not stand in the command is appended as <c>--name value</c> rather than as a bare word.</param>
/// <param name="Values">The values of an enumeration; empty for other types.</param>
internal sealed record JobVariable(string Name, VariableType Type, bool Option, IReadOnlyList<string> Values)
{
    /// <summary>Gets the variable of the environment that holds its value.</summary>
    [JsonIgnore]
    public string EnvironmentName => "OVERSEER_VAR_" + EnvironmentWord;

    /// <summary>Gets the option that it is appended as.</summary>
    [JsonIgnore]
    public string OptionName => "--" + Name.Replace('_', '-');

    private string EnvironmentWord => string.Concat(Name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));

    /// <summary>Answers the variable of the environment that holds one of several values, from 1.</summary>
    internal string ItemName(int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"OVERSEER_ITEM_{EnvironmentWord}_{number}");
}

/// <summary>When a job runs by itself.</summary>
/// <param name="Line">The line of the item.</param>
/// <param name="Time">The first run; null where the other members say it alone.</param>
/// <param name="Cron">The times by a crontab line; null for none.</param>
/// <param name="Seconds">The seconds from one run to the next; null for none.</param>
/// <param name="Priority">The order among jobs that are due at the same moment, lower first.</param>
internal sealed record JobTrigger(int Line, DateTimeOffset? Time, string? Cron, double? Seconds, int Priority)
{
    /// <summary>
    /// Puts it into the words of schedules. What was missed while no server was there is not made up for, as Overseer has it; a run that is still under way keeps none from starting.
    /// </summary>
    public ScheduleSpec ToSpec() => new()
    {
        Cron = Cron,
        EverySeconds = Seconds is { } seconds ? (long)Math.Ceiling(seconds) : null,
        StartAt = Time,
        Priority = Priority,
        CatchUp = new CatchUpSpec(CatchUpPolicy.None),
        Overlap = OverlapPolicy.Allow,
    };
}

/// <summary>What the values of a variable are.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VariableType>))]
internal enum VariableType
{
    /// <summary>Nothing.</summary>
    Null,

    /// <summary>true or false.</summary>
    Bool,

    /// <summary>A whole number of any size.</summary>
    Int,

    /// <summary>A number.</summary>
    Float,

    /// <summary>Bytes, as base64.</summary>
    Binary,

    /// <summary>A date, or a date with a time.</summary>
    Timestamp,

    /// <summary>Ordered pairs whose keys may repeat.</summary>
    Pairs,

    /// <summary>An ordered mapping.</summary>
    Omap,

    /// <summary>Values of which each stands once.</summary>
    Set,

    /// <summary>A text.</summary>
    Str,

    /// <summary>A list.</summary>
    Seq,

    /// <summary>A mapping.</summary>
    Map,

    /// <summary>One of the listed values.</summary>
    Enum,
}
