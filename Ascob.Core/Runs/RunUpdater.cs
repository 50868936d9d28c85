using Ascob.Core.Jobs;
using Ascob.Core.Telemetry;

namespace Ascob.Core.Runs;

/// <summary>
/// The one way to change a run: decide on a snapshot, compare and set, and decide anew on the fresh run when somebody was faster. Whoever needs to know of a committed change
/// is told here, so that a poll, a callback, a stop and a verdict end a run in the same way.
/// </summary>
public sealed class RunUpdater(IRunStore store, RunSignals signals, AscobMetrics metrics)
{
    private const int MaxTries = 16;

    /// <summary>Raised after the commit of a change that ended a run, before <see cref="ApplyAsync"/> returns. Handlers must not block or throw.</summary>
    public event Action<Run>? Finished;

    /// <summary>Applies what <paramref name="decide"/> makes of the run; null from it means "nothing to do" and leaves the run as it is.</summary>
    public Task<UpdateResult> ApplyAsync(
        Run run,
        Func<Run, RunChange?> decide,
        CancellationToken cancellationToken,
        IReadOnlyList<LockSpec>? lockRequests = null)
    {
        ArgumentNullException.ThrowIfNull(decide);
        return DecideAsync(run, r => ValueTask.FromResult(decide(r)), cancellationToken, lockRequests);
    }

    /// <summary>
    /// The same for a decision that has to read: what it reads after it was given the run is at least as new as the run, and what is written meanwhile has it decide anew.
    /// </summary>
    public async Task<UpdateResult> DecideAsync(
        Run run,
        Func<Run, ValueTask<RunChange?>> decide,
        CancellationToken cancellationToken,
        IReadOnlyList<LockSpec>? lockRequests = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(decide);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (await decide(run).ConfigureAwait(false) is not { } change)
            {
                return new UpdateResult(run, UpdateKind.Nothing);
            }

            switch (await store.TryApplyAsync(change, lockRequests, cancellationToken).ConfigureAwait(false))
            {
                case ApplyOutcome.Applied:
                    Committed(change);
                    return new UpdateResult(change.After, UpdateKind.Applied);
                case ApplyOutcome.NoCapacity:
                    return new UpdateResult(run, UpdateKind.NoCapacity);
                case ApplyOutcome.Conflict:
                    if (await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) is not { } fresh)
                    {
                        return new UpdateResult(run, UpdateKind.Nothing);
                    }

                    run = fresh;
                    break;
            }
        }

        throw new InvalidOperationException($"Run {run.Id} changed {MaxTries} times while one change was tried.");
    }

    /// <summary>Tells those who wait of a change that the store committed by another way (a lock grant).</summary>
    public void Committed(RunChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        signals.Publish(change.After);
        if (change.Finishes)
        {
            metrics.Finished(change.After);
            Finished?.Invoke(change.After);
        }
    }
}

/// <summary>What became of a change.</summary>
/// <param name="Run">The run as it is now, as far as is known.</param>
/// <param name="Kind">Whether it was changed.</param>
public sealed record UpdateResult(Run Run, UpdateKind Kind)
{
    /// <summary>Gets whether the change was committed.</summary>
    public bool Applied => Kind == UpdateKind.Applied;
}

/// <summary>See <see cref="UpdateResult"/>.</summary>
public enum UpdateKind
{
    /// <summary>Committed.</summary>
    Applied,

    /// <summary>There was nothing to do in the run's present state.</summary>
    Nothing,

    /// <summary>The backend has no free slot.</summary>
    NoCapacity,
}
