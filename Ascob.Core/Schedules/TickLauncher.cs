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
    private const int SettledAtOnce = 50;
    private static readonly TimeSpan QueueRecheck = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);

    /// <summary>Launches the firings: those of a lower priority number before the others, several schedules at once, and those of one schedule one after the other.</summary>
    public async Task LaunchAsync(IReadOnlyList<ClaimedTick> claimed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        foreach (var equal in claimed.GroupBy(c => c.Schedule.Spec.Priority).OrderBy(g => g.Key))
        {
            var settler = new Settler(store, server.LeaseOwner);
            await Parallel.ForEachAsync(
                equal.GroupBy(c => c.Schedule.Id).Select(g => g.OrderBy(c => c.Tick.Tick).ToList()).OrderBy(g => g[0].Tick.DueAt),
                new ParallelOptions { MaxDegreeOfParallelism = options.Value.Parallelism, CancellationToken = cancellationToken },
                async (ticks, stop) =>
                {
                    foreach (var tick in ticks)
                    {
                        var outcome = await DecideAsync(tick, stop).ConfigureAwait(false);
                        Tell(tick, outcome);

                        // The next firing of the same schedule may look at what became of this one.
                        await settler.AddAsync(outcome, atOnce: tick.Schedule.Spec.Overlap != OverlapPolicy.Allow, stop).ConfigureAwait(false);
                    }
                }).ConfigureAwait(false);
            await settler.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<TickOutcome> DecideAsync(ClaimedTick claimed, CancellationToken cancellationToken)
    {
        try
        {
            return await HoldBackAsync(claimed, cancellationToken).ConfigureAwait(false) ?? await TryLaunchAsync(claimed, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            return Retry(claimed, e.Message);
        }
#pragma warning disable CA1031 // One firing that meets a bug must not keep the others from being launched; it is tried again, and the log has it.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The firing {Key} could not be launched", claimed.Tick.Key);
            return Retry(claimed, "an internal error; the server's log has it");
        }
    }

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
        if (result.Error?.Kind == ErrorKind.NotFound)
        {
            // Saved while its definition was being deleted; what the deletion did not see goes now.
            await store.DeleteOfDefinitionAsync(claimed.Schedule.DefinitionId, cancellationToken).ConfigureAwait(false);
        }

        return result switch
        {
            { IsSuccess: true, Value.RunId: null } => Settle(claimed, TickState.Skipped, null, "the definition is suspended", null),
            { IsSuccess: true, Value: { Prevented: true, RunId: var runId } } => Settle(claimed, TickState.Prevented, runId, null, null),
            { IsSuccess: true, Value.RunId: var runId } => Settle(claimed, TickState.Launched, runId, null, null),
            { Error.Kind: ErrorKind.Unavailable or ErrorKind.TooMany } => Retry(claimed, result.Error!.Message),
            _ => Settle(claimed, TickState.Failed, null, Describe(result.Error!), null),
        };
    }

    private TickOutcome Retry(ClaimedTick claimed, string reason)
    {
        var now = clock.Now;
        if (now - claimed.Tick.ClaimedAt >= options.Value.RetryFor)
        {
            return Settle(claimed, TickState.Failed, null, $"given up after {claimed.Tick.Attempts} attempts: {reason}", null);
        }

        var pause = FirstRetry * Math.Pow(2, Math.Min(claimed.Tick.Attempts - 1, 10));
        return Settle(claimed, TickState.Retrying, null, reason, now + (pause < LongestRetry ? pause : LongestRetry));
    }

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

    /// <summary>Gathers outcomes, so that many firings need few transactions.</summary>
    private sealed class Settler(IScheduleStore store, string owner)
    {
        private readonly Lock _gate = new();
        private List<TickOutcome> _outcomes = [];

        public async Task AddAsync(TickOutcome outcome, bool atOnce, CancellationToken cancellationToken)
        {
            var full = false;
            lock (_gate)
            {
                _outcomes.Add(outcome);
                full = atOnce || _outcomes.Count >= SettledAtOnce;
            }

            if (full)
            {
                await FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        public async Task FlushAsync(CancellationToken cancellationToken)
        {
            List<TickOutcome> outcomes;
            lock (_gate)
            {
                outcomes = _outcomes;
                _outcomes = [];
            }

            if (outcomes.Count > 0)
            {
                await store.SettleAsync(owner, outcomes, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
