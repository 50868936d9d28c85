using Ascob.Core.Runs;

namespace Ascob.Core.Callbacks;

/// <summary>What a backend or a job tells about a run by its secret URL. Null members say nothing.</summary>
/// <param name="Status">Where the run stands in the reporter's view.</param>
/// <param name="IdentificationKeys">Keys that find the job; merged into the run's.</param>
/// <param name="Progress">From 0 to 100.</param>
/// <param name="Message">One sentence for people.</param>
/// <param name="Output">Text to append to the output.</param>
/// <param name="Id">Names the message, so that a repeated one changes nothing.</param>
/// <param name="Seq">Orders the messages of one job: an older one than the last seen changes nothing.</param>
public sealed record CallbackReport(
    RunStatus? Status,
    IReadOnlyDictionary<string, string>? IdentificationKeys,
    double? Progress,
    string? Message,
    string? Output,
    string? Id,
    long? Seq);
