using Ascob.Core.Access;
using Ascob.Core.Files;
using Ascob.Core.Jobs;

namespace Ascob.Core.Runs;

/// <summary>A run that is to be stored: a job that was checked, and what goes with it.</summary>
/// <param name="Spec">The job, secrets in clear.</param>
/// <param name="Caller">Who asks.</param>
/// <param name="Begun">When the request began, as a timestamp of the clock.</param>
internal sealed record NewRunOrder(JobSpec Spec, Caller Caller, long Begun)
{
    /// <summary>Gets the first run of the chain; null where this is the first.</summary>
    public long? ParentId { get; init; }

    /// <summary>Gets what makes a repeated request answer with the first one's run; null for none.</summary>
    public IdempotencyKey? Key { get; init; }

    /// <summary>Gets the staged files that become the run's.</summary>
    public IReadOnlyList<StagedFile> Files { get; init; } = [];

    /// <summary>Gets the run whose files become this one's too; null for none.</summary>
    public long? SharesFilesOf { get; init; }

    /// <summary>Gets the definition that the job was made from, whose policy decides; null for none.</summary>
    public RunOrigin? Origin { get; init; }

    /// <summary>Answers the key of a request; null for none.</summary>
    public static IdempotencyKey? KeyOf(string? text, string? bodyHash, Caller caller) =>
        text is null ? null : new IdempotencyKey(caller.Identifier, text, bodyHash ?? string.Empty);
}
