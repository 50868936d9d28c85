namespace Ascob.Core.Routing;

/// <summary>The answer to "which backend, and why": stored with the run, and the same as <c>POST /api/routing/explain</c>.</summary>
/// <param name="BackendId">The chosen backend; null where none fits.</param>
/// <param name="Candidates">The backends that fit, best first, with why.</param>
/// <param name="Refused">The backends that do not fit, with why not.</param>
public sealed record RoutingDecision(
    string? BackendId,
    IReadOnlyList<RoutingReason> Candidates,
    IReadOnlyList<RoutingReason> Refused)
{
    /// <summary>Gets the backends that were to have the run before in this round and did not take it, with why; null for none.</summary>
    public IReadOnlyList<RoutingReason>? Tried { get; init; }
}

/// <summary>Why a backend fits or does not.</summary>
public sealed record RoutingReason(string BackendId, IReadOnlyList<string> Reasons);
