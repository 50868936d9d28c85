using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Schedules;

/// <summary>
/// Launches firings that this server has in hand, and notes what became of them. Dying between any two lines leaves a firing open whose lease runs out; the next one launches it with the same key, so
/// that it gets the run that is there already.
/// </summary>
public sealed class TickLauncher(
    IScheduleStore store,
    IScheduledLaunch launch,
    ServerIdentity server,
    ScheduleMetrics metrics,
    MonotonicClock clock,
    IOptions<ScheduleOptions> options,
    ILogger<TickLauncher> logger)
{
    private static readonly TimeSpan QueueRecheck = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);

    /// <summary>Launches the firings: those of a lower priority number before the others, then in the order of their times and of the names of their definitions; those of one schedule one after the other.</summary>
    public async Task LaunchAsync(IReadOnlyList<ClaimedTick> claimed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        foreach (var equal in claimed.GroupBy(c => c.Schedule.Spec.Priority).OrderBy(g => g.Key))
        {
            var settler = new TickSettler(store, server.LeaseOwner);
            await LaunchOrder.RunAsync(LaunchOrder.Of(equal), (tick, stop) => LaunchAsync(tick, settler, stop), options.Value.Parallelism, clock.Time, cancellationToken).ConfigureAwait(false);
            await settler.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task LaunchAsync(ClaimedTick claimed, TickSettler settler, CancellationToken cancellationToken)
    {
        // Others may have it in hand by now; if none has, it comes back with the next turn.
        if (claimed.Tick.LookAt <= clock.Now)
        {
            return;
        }

        var outcome = await DecideAsync(claimed, cancellationToken).ConfigureAwait(false);
        Tell(claimed, outcome);

        // The next firing of the same schedule may look at what became of this one.
        await settler.AddAsync(outcome, atOnce: claimed.Schedule.Spec.Overlap != OverlapPolicy.Allow, cancellationToken).ConfigureAwait(false);
    }

    private async Task<TickOutcome> DecideAsync(ClaimedTick claimed, CancellationToken cancellationToken)
    {
        try
        {
            return await FindEarlierAsync(claimed, cancellationToken).ConfigureAwait(false)
                ?? await HoldBackAsync(claimed, cancellationToken).ConfigureAwait(false)
                ?? await TryLaunchAsync(claimed, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            return await RetryAsync(claimed, e.Message, cancellationToken).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // One firing that meets a bug must not keep the others from being launched; it is tried again, and the log has it.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The firing {Key} could not be launched", claimed.Tick.Key);
            return await RetryAsync(claimed, "an internal error; the server's log has it", cancellationToken).ConfigureAwait(false);
        }
    }

    // Whoever had it in hand before may have launched it without noting so. What has changed since (a suspension, other parameters, another run) does not undo that run.
    private async Task<TickOutcome?> FindEarlierAsync(ClaimedTick claimed, CancellationToken cancellationToken) =>
        claimed.Tick.Attempts > 1 && await launch.FindAsync(claimed, cancellationToken).ConfigureAwait(false) is { RunId: not null } earlier ? Launched(claimed, earlier) : null;

    private async Task<TickOutcome?> HoldBackAsync(ClaimedTick claimed, CancellationToken cancellationToken)
    {
        if (claimed.Schedule.Spec.Overlap == OverlapPolicy.Allow
            || await store.FindActiveBeforeAsync(claimed.Schedule.Id, claimed.Tick.Tick, cancellationToken).ConfigureAwait(false) is not { } before)
        {
            return null;
        }

        var what = before.RunId is { } runId
            ? FormattableString.Invariant($"run {runId} of the firing at {Jobs.AscobJson.FormatTime(before.Tick)} is still active")
            : $"the firing at {Jobs.AscobJson.FormatTime(before.Tick)} is not settled yet";
        var waits = claimed.Tick.State == TickState.Queued;
        if (claimed.Schedule.Spec.Overlap == OverlapPolicy.Queue && (waits || before.State != TickState.Queued))
        {
            return Settle(claimed, TickState.Queued, null, what, clock.Now + QueueRecheck);
        }

        return Settle(claimed, TickState.Skipped, null, before.State == TickState.Queued ? $"the firing at {Jobs.AscobJson.FormatTime(before.Tick)} waits already" : what, null);
    }

    private async Task<TickOutcome> TryLaunchAsync(ClaimedTick claimed, CancellationToken cancellationToken)
    {
        var result = await launch.LaunchAsync(claimed, cancellationToken).ConfigureAwait(false);
        if (result.Error?.Code == "definition.not_found")
        {
            // Saved while its definition was being deleted; what the deletion did not see goes now.
            await store.DeleteOfDefinitionAsync(claimed.Schedule.DefinitionId, cancellationToken).ConfigureAwait(false);
        }

        return result switch
        {
            { IsSuccess: true, Value.RunId: null } => Settle(claimed, TickState.Skipped, null, "the definition is suspended", null),
            { IsSuccess: true, Value: var launched } => Launched(claimed, launched!),
            { Error.Kind: ErrorKind.Unavailable or ErrorKind.TooMany } => await RetryAsync(claimed, result.Error!.Message, cancellationToken).ConfigureAwait(false),
            _ => Settle(claimed, TickState.Failed, null, Describe(result.Error!), null),
        };
    }

    private async Task<TickOutcome> RetryAsync(ClaimedTick claimed, string reason, CancellationToken cancellationToken)
    {
        var now = clock.Now;

        // What waited for long before it failed for the first time is tried again all the same.
        if (claimed.Tick.State == TickState.Retrying && now - claimed.Tick.ClaimedAt >= options.Value.RetryFor)
        {
            try
            {
                // The last try may have launched it, too, although its answer was lost.
                return await launch.FindAsync(claimed, cancellationToken).ConfigureAwait(false) is { RunId: not null } earlier
                    ? Launched(claimed, earlier)
                    : Settle(claimed, TickState.Failed, null, $"given up after {claimed.Tick.Attempts} attempts: {reason}", null);
            }
#pragma warning disable CA1031 // Nobody knows what became of it, so it is not given up.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                logger.LogWarning(e, "Whether the firing {Key} was launched cannot be found out now", claimed.Tick.Key);
            }
        }

        var pause = FirstRetry * Math.Pow(2, Math.Min(claimed.Tick.Attempts - 1, 10));
        return Settle(claimed, TickState.Retrying, null, reason, now + (pause < LongestRetry ? pause : LongestRetry));
    }

    private TickOutcome Launched(ClaimedTick claimed, ScheduledLaunch launched) =>
        Settle(claimed, launched.Prevented ? TickState.Prevented : TickState.Launched, launched.RunId, null, null);

    private TickOutcome Settle(ClaimedTick claimed, TickState state, long? runId, string? reason, DateTimeOffset? lookAt) =>
        new(claimed.Schedule.Id, claimed.Tick.Tick, state, runId, reason, lookAt, clock.Now);

    private static string Describe(Error error) => error.Fields is { Count: > 0 } fields
        ? $"{error.Message} {string.Join(' ', fields.Take(5).Select(f => $"{f.Key}: {string.Join(' ', f.Value)}"))}"
        : error.Message;

    private void Tell(ClaimedTick claimed, TickOutcome outcome)
    {
        if (outcome.LookAt is null)
        {
            metrics.Fired(outcome.State, outcome.At - claimed.Tick.DueAt);
        }

        if (outcome.State is TickState.Failed or TickState.Retrying)
        {
            logger.LogWarning("Schedule {ScheduleId}: the firing at {Tick:o} {State}: {Reason}", claimed.Schedule.Id, claimed.Tick.Tick, outcome.State, outcome.Reason);
        }
    }
}
