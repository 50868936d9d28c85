using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Schedules;

/// <summary>
/// Fires schedules in this process. Whoever drives it (a Hangfire job, a watchdog) may call as often as it likes: it runs at most once here, and any number of servers share the work, because a firing
/// belongs to the one who inserts its row.
/// </summary>
public sealed class Scheduler(
    IScheduleStore store,
    SchedulePlanner planner,
    TickLauncher launcher,
    ScheduleSignal signal,
    ServerIdentity server,
    ScheduleMetrics metrics,
    MonotonicClock clock,
    IOptions<ScheduleOptions> options,
    ILogger<Scheduler> logger) : IDisposable
{
    // Schedules that another server saves are found so late at the latest.
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);

    // What is due but was not to be had is in another server's hand at this moment.
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan OneMillisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan RestAfterTrouble = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PlanAheadRecheck = TimeSpan.FromSeconds(1);

    // About a tenth of a second: others wait for the rows of a claim, and on SQLite for every change.
    private const long WorkOfAClaim = 100_000;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly PlansAhead _ahead = new(planner, signal, clock, logger);
    private long? _lastTurn;

    /// <summary>Answers how long ago it did its last turn in this process; null for never.</summary>
    public TimeSpan? SinceLastTurn => _lastTurn is { } at ? clock.Time.GetElapsedTime(at) : null;

    /// <summary>Fires what becomes due for some time, unless that is being done already: then it returns at once.</summary>
    public async Task DriveAsync(TimeSpan window, CancellationToken cancellationToken)
    {
        if (!options.Value.Enabled || !await _turn.WaitAsync(0, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            var begun = clock.Time.GetTimestamp();
            do
            {
                _lastTurn = clock.Time.GetTimestamp();
                var rest = await GuardedTurnAsync(cancellationToken).ConfigureAwait(false);
                if (rest > TimeSpan.Zero)
                {
                    await signal.RestAsync(rest, clock.Time, cancellationToken).ConfigureAwait(false);
                }
            }
            while (clock.Time.GetElapsedTime(begun) < window);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops; what it has in hand is launched by the next one.
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes what is due in hand and launches it; answers how many firings that were.</summary>
    public async Task<int> TurnAsync(CancellationToken cancellationToken)
    {
        var now = clock.Now;
        var claim = new TickClaim(server.LeaseOwner, now, now + options.Value.Lease, options.Value.BatchSize);
        var open = await store.ClaimOpenAsync(claim, cancellationToken).ConfigureAwait(false);
        var work = new WorkBudget(WorkOfAClaim);
        var due = await store.ClaimDueAsync(claim, (schedule, suspensions) => Plan(schedule, suspensions, now, work), cancellationToken).ConfigureAwait(false);
        foreach (var missed in due.Where(d => d.Tick.State == TickState.Missed))
        {
            metrics.Missed(missed.Tick.Missed);
            logger.LogWarning("Schedule {ScheduleId}: {Reason}", missed.Schedule.Id, missed.Tick.Reason);
        }

        await launcher.LaunchAsync([.. open, .. due.Where(d => d.Tick.State != TickState.Missed)], cancellationToken).ConfigureAwait(false);
        return open.Count + due.Count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ahead.Dispose();
        _turn.Dispose();
    }

    // A schedule that this machine cannot compute (its time zone data lacks the zone) must not hold up the others: it is looked at again in a minute, and its firings wait.
    private SchedulePlan Plan(Schedule schedule, IReadOnlyList<Suspension> suspensions, DateTimeOffset now, WorkBudget work)
    {
        try
        {
            return PlanWithin(schedule, suspensions, now, work);
        }
#pragma warning disable CA1031 // Whatever it is, it concerns one schedule.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The firings of schedule {ScheduleId} cannot be computed; it is tried again in a minute", schedule.Id);
            return Later(schedule, now + TimeSpan.FromMinutes(1));
        }
    }

    // The rows are locked now, so what takes long is computed elsewhere, and what the claim has no time for any more is left to the next turn.
    private SchedulePlan PlanWithin(Schedule schedule, IReadOnlyList<Suspension> suspensions, DateTimeOffset now, WorkBudget work)
    {
        if (_ahead.Take(schedule, suspensions) is { } ready)
        {
            return ready;
        }

        if (_ahead.IsUnderWay(schedule.Id))
        {
            return Later(schedule, now + PlanAheadRecheck);
        }

        var hasAllOfIt = work.IsUntouched;
        if (!work.IsSpent && planner.TryPlan(schedule, suspensions, now, work) is { } plan)
        {
            return plan;
        }

        if (!hasAllOfIt)
        {
            return Later(schedule, schedule.NextAt);
        }

        _ahead.Begin(schedule, suspensions);
        return Later(schedule, now + PlanAheadRecheck);
    }

    private static SchedulePlan Later(Schedule schedule, DateTimeOffset? at) => new([], new ScheduleCursor(schedule.NextTick, at));

    private async Task<TimeSpan> GuardedTurnAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await store.NextLookAsync(cancellationToken).ConfigureAwait(false) is not { } next)
            {
                return LongestRest;
            }

            if (next > clock.Now)
            {
                // Timers know whole milliseconds.
                var rest = next - clock.Now + OneMillisecond;
                return rest < LongestRest ? rest : LongestRest;
            }

            return await TurnAsync(cancellationToken).ConfigureAwait(false) > 0 ? TimeSpan.Zero : ShortestRest;
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("Schedules: the store is not available: {Reason}", e.Message);
            return RestAfterTrouble;
        }
#pragma warning disable CA1031 // A loop never ends by a surprise; the next turn looks again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Schedules could not be fired");
            return RestAfterTrouble;
        }
    }
}
