using Ascob.Core.Runs;

namespace Ascob.Core.Client;

/// <summary>Body of <c>POST /api/webhooks/runs/{webhookId}</c>; each member may be left out.</summary>
public sealed record CallbackRequest
{
    /// <summary>Gets the status that the job reports.</summary>
    public RunStatus? Status { get; init; }

    /// <summary>Gets backend keys that became known.</summary>
    public IReadOnlyDictionary<string, string>? IdentificationKeys { get; init; }

    /// <summary>Gets the progress from 0 to 100.</summary>
    public double? Progress { get; init; }

    /// <summary>Gets a message for people.</summary>
    public string? Message { get; init; }

    /// <summary>Gets output to append, for backends that have none of their own.</summary>
    public string? Output { get; init; }

    /// <summary>Gets where <see cref="Output"/> begins, in bytes of UTF-8 since the job's start: what is there already is not stored twice. Left out: at the end.</summary>
    public long? OutputOffset { get; init; }

    /// <summary>Gets the name of this message, so that a repeated one changes nothing.</summary>
    public string? Id { get; init; }

    /// <summary>Gets the place of this message among those of the job: an older one than the last seen changes nothing.</summary>
    public long? Seq { get; init; }
}

/// <summary>Body of <c>POST /api/webhooks/runs/{webhookId}/claim</c>.</summary>
/// <param name="ExecutionId">What tells this execution of the job from another one.</param>
public sealed record ClaimRequest(string? ExecutionId);

/// <summary>Answer of <c>POST /api/webhooks/runs/{webhookId}</c>.</summary>
/// <param name="Changed">Whether the report told anything new.</param>
/// <param name="OutputLength">How many bytes of output there are now; null where the report held none.</param>
public sealed record CallbackResponse(bool Changed, long? OutputLength = null);

/// <summary>Answer of <c>POST /api/webhooks/runs/{webhookId}/claim</c>.</summary>
/// <param name="Claimed">Always true; other executions get a 409.</param>
public sealed record ClaimResponse(bool Claimed);
