using Ascob.Core.Routing;

namespace Ascob.Core.Client;

/// <summary>Which backend, and why; see <see cref="RoutingDecision"/>.</summary>
/// <param name="BackendId">The chosen backend; null where none fits.</param>
/// <param name="Candidates">The backends that fit, best first, with why.</param>
/// <param name="Refused">The backends that do not fit, with why not.</param>
public sealed record ExplainResponse(string? BackendId, IReadOnlyList<RoutingReason> Candidates, IReadOnlyList<RoutingReason> Refused)
{
    /// <summary>Gets the backends that were to have the run before and did not take it, with why; null for none.</summary>
    public IReadOnlyList<RoutingReason>? Tried { get; init; }

    /// <summary>Shows a decision.</summary>
    public static ExplainResponse From(RoutingDecision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        return new ExplainResponse(decision.BackendId, decision.Candidates, decision.Refused) { Tried = decision.Tried };
    }
}
