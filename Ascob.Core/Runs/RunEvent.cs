namespace Ascob.Core.Runs;

/// <summary>One change of a run. The events of a run, in order of <see cref="Seq"/>, are its timeline.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Seq">The version of the run after the change; 1 for its creation.</param>
/// <param name="At">When.</param>
/// <param name="Type">A word for programs, see <see cref="RunEventTypes"/>.</param>
/// <param name="From">The status before; null for the creation.</param>
/// <param name="To">The status after.</param>
/// <param name="Actor">Who: <c>token:portal</c>, <c>server:&lt;name&gt;</c>, <c>backend:&lt;id&gt;</c>, <c>callback</c>.</param>
/// <param name="Reason">Why, in one sentence; null where the type says all.</param>
/// <param name="Data">More facts; null for none. Never holds a secret.</param>
public sealed record RunEvent(
    long RunId,
    long Seq,
    DateTimeOffset At,
    string Type,
    RunStatus? From,
    RunStatus To,
    string? Actor,
    string? Reason,
    IReadOnlyDictionary<string, string>? Data);
