namespace Ascob.Core.Runs;

/// <summary>A run to be stored, with its first event and what belongs in the same transaction.</summary>
/// <param name="Run">Version 1; its id comes from <see cref="IRunStore.NextIdAsync"/>.</param>
/// <param name="Event">The <c>created</c> event, seq 1.</param>
/// <param name="Locks">The lock requests, names resolved, in the order of the spec; empty for none. Stored only when the run starts in <c>WAITING_LOCKS</c>.</param>
/// <param name="IdempotencyKey">Null for none.</param>
public sealed record NewRun(
    Run Run,
    RunEvent Event,
    IReadOnlyList<Jobs.LockSpec> Locks,
    IdempotencyKey? IdempotencyKey)
{
    /// <summary>Gets the contents that become the run's files.</summary>
    public IReadOnlyList<Files.StagedFile> Files { get; init; } = [];

    /// <summary>Gets what must hold in the same transaction; null for a job that comes from no definition.</summary>
    public LaunchGuard? Guard { get; init; }

    /// <summary>Gets the run whose files become this one's too, as they are when it is stored; null for none.</summary>
    public long? SharesFilesOf { get; init; }
}

/// <summary>Makes a repeated submission answer with the first one's run.</summary>
/// <param name="Scope">Who sent it: the token's identifier, so that one caller cannot read another's answer.</param>
/// <param name="Key">1 to 255 visible ASCII characters.</param>
/// <param name="BodyHash">SHA-256 of the canonical body, as lower case hex.</param>
public sealed record IdempotencyKey(string Scope, string Key, string BodyHash)
{
    /// <summary>Answers the refusal of a key that came with another body before.</summary>
    /// <param name="runId">The run that it made then.</param>
    public static Errors.Error Reused(long runId) => new(Errors.ErrorKind.Impossible, "idempotency.key_reused", "This Idempotency-Key was used with another body.")
    {
        Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["runId"] = runId },
    };
}

/// <summary>What a key was used for.</summary>
/// <param name="RunId">The run that it made.</param>
/// <param name="BodyHash">See <see cref="IdempotencyKey.BodyHash"/>.</param>
public sealed record UsedKey(long RunId, string BodyHash);

/// <summary>What became of a <see cref="NewRun"/>.</summary>
/// <param name="RunId">The stored run, or the earlier one.</param>
/// <param name="Outcome">Which of them.</param>
public sealed record AddOutcome(long RunId, AddOutcomeKind Outcome);

/// <summary>See <see cref="AddOutcome"/>.</summary>
public enum AddOutcomeKind
{
    /// <summary>Stored.</summary>
    Added,

    /// <summary>The same key and body were seen before; nothing was stored.</summary>
    Replayed,

    /// <summary>The same key came with another body; nothing was stored.</summary>
    KeyReused,

    /// <summary>Something stood in the way of the launch: what <see cref="LaunchGuard.Prevented"/> made was stored.</summary>
    Prevented,

    /// <summary>The definition is gone; nothing was stored.</summary>
    DefinitionGone,

    /// <summary>The definition is at another version than <see cref="LaunchGuard.DefinitionVersion"/>; nothing was stored.</summary>
    DefinitionChanged,
}
