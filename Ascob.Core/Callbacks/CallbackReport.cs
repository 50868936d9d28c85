using Ascob.Core.Runs;

namespace Ascob.Core.Callbacks;

/// <summary>What a job reports by its callback URL.</summary>
/// <param name="Status">Where it says it stands; null for nothing.</param>
/// <param name="IdentificationKeys">Backend keys that became known; null for none.</param>
/// <param name="Progress">From 0 to 100; null for none.</param>
/// <param name="Message">A sentence for the timeline; null for none.</param>
/// <param name="Output">A piece of output; null for none.</param>
/// <param name="Id">The report's own id: a second one with the same id changes nothing; null for none.</param>
/// <param name="Seq">The report's place among the job's reports: a late one is ignored instead of refused; null for none.</param>
/// <param name="OutputOffset">Where the piece of output begins, in bytes of UTF-8, so that a repeated one is stored once; null for the end.</param>
public sealed record CallbackReport(
    RunStatus? Status,
    IReadOnlyDictionary<string, string>? IdentificationKeys,
    double? Progress,
    string? Message,
    string? Output,
    string? Id,
    long? Seq,
    long? OutputOffset = null);
