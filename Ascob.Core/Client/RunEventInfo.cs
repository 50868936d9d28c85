using Ascob.Core.Runs;

namespace Ascob.Core.Client;

/// <summary>One change of a run, see <see cref="RunEvent"/>.</summary>
/// <param name="Seq">Its place in the run's timeline, from 1.</param>
/// <param name="At">When.</param>
/// <param name="Type">A word for programs, see <see cref="RunEventTypes"/>.</param>
/// <param name="From">The status before; null for the creation.</param>
/// <param name="To">The status after.</param>
/// <param name="Actor">Who.</param>
/// <param name="Reason">Why, in one sentence.</param>
/// <param name="Data">More facts.</param>
public sealed record RunEventInfo(
    long Seq,
    DateTimeOffset At,
    string Type,
    RunStatus? From,
    RunStatus To,
    string? Actor,
    string? Reason,
    IReadOnlyDictionary<string, string>? Data)
{
    /// <summary>Shows a stored event.</summary>
    public static RunEventInfo Of(RunEvent runEvent)
    {
        ArgumentNullException.ThrowIfNull(runEvent);
        return new RunEventInfo(runEvent.Seq, runEvent.At, runEvent.Type, runEvent.From, runEvent.To, runEvent.Actor, runEvent.Reason, runEvent.Data);
    }
}

/// <summary>The timeline of a run, in order.</summary>
/// <param name="Items">The events.</param>
public sealed record RunEventList(IReadOnlyList<RunEventInfo> Items);
