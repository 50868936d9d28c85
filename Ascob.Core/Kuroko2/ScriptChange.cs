using Ascob.Core.Errors;
using Ascob.Core.Notifications;
using Ascob.Core.Schedules;

namespace Ascob.Core.Kuroko2;

/// <summary>What a client wants of a definition; null members are not given.</summary>
public sealed record ScriptChange
{
    /// <summary>Gets the name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets whether schedules pass it over.</summary>
    public bool? Suspended { get; init; }

    /// <summary>Gets the cron expressions.</summary>
    public IReadOnlyList<string>? Cron { get; init; }

    /// <summary>Gets the address that is told of events.</summary>
    public GivenText Webhook { get; init; }

    /// <summary>Gets what makes the new fields of the old ones.</summary>
    public required Func<ScriptFields, ScriptFields> ApplyTo { get; init; }
}

/// <summary>A text that may be given, taken away, or not spoken of.</summary>
/// <param name="IsGiven">Whether it is spoken of.</param>
/// <param name="Text">The text; null where it is taken away or not spoken of.</param>
public readonly record struct GivenText(bool IsGiven, string? Text);

/// <summary>The schedules of definitions as lists of cron expressions.</summary>
public interface IScriptSchedules
{
    /// <summary>Answers what is wrong with any of them, for a definition that is there or a new one (null).</summary>
    Task<IReadOnlyList<FieldError>> CheckAsync(long? definitionId, IReadOnlyList<string> cron, CancellationToken cancellationToken);

    /// <summary>Answers how a definition comes to have exactly these, by its number; they were checked.</summary>
    Func<long, ScheduleSetPlan> Plan(IReadOnlyList<string> cron, string actor);

    /// <summary>Tells the clockwork of this process that schedules were stored.</summary>
    void Announce();

    /// <summary>Answers the cron expressions of all definitions, or of one, in the order in which they were made.</summary>
    Task<ILookup<long, string>> ListAsync(long? definitionId, CancellationToken cancellationToken);
}

/// <summary>What definitions have others be told, because of their fields and of an address that is kept with the secrets of notifications and nowhere else.</summary>
public interface IScriptNotices
{
    /// <summary>Answers what is wrong with any of it.</summary>
    IReadOnlyList<FieldError> Check(ScriptFields fields, GivenText webhook);

    /// <summary>Answers how others come to be told what the fields say and nothing else, by the definition's number.</summary>
    /// <param name="fields">The fields, which were checked.</param>
    /// <param name="webhook">The address; where it is not given it stays.</param>
    /// <param name="actor">Who saves the definition.</param>
    Func<long, PlanSubscriptions> Plan(ScriptFields fields, GivenText webhook, string actor);

    /// <summary>Answers the addresses of the definitions that have one, as they may be shown: without what may be a key.</summary>
    Task<IReadOnlyDictionary<long, string>> WebhooksAsync(CancellationToken cancellationToken);
}
