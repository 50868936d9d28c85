using Ascob.Core.Locks;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;
using Hangfire;

namespace Ascob.Server.Background;

/// <summary>
/// The recurring jobs: few, coarse and idempotent. They carry no state but the id of a backend or a run; done twice, late or never they do no harm.
/// </summary>
internal sealed class EngineJobs(EngineLoops loops, Sweeper sweeper, LockService locks, Retention retention, Scheduler? scheduler = null, TickRetention? ticks = null)
{
    /// <summary>How long one job drives its loop: a little less than the pause between two of them.</summary>
    internal static readonly TimeSpan Window = TimeSpan.FromSeconds(14.5);

    /// <summary>Follows the runs of one backend.</summary>
    [AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public Task FollowAsync(string backendId, CancellationToken cancellationToken) => loops.DriveAsync(backendId, Window, cancellationToken);

    /// <summary>Looks after runs that are not at a backend.</summary>
    [AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public Task SweepAsync(CancellationToken cancellationToken) => loops.DriveAsync(EngineLoops.SweeperLoop, Window, cancellationToken);

    /// <summary>Fires schedules.</summary>
    [AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public Task FireSchedulesAsync(CancellationToken cancellationToken) => scheduler?.DriveAsync(Window, cancellationToken) ?? Task.CompletedTask;

    /// <summary>Looks at one run, because another member asks for it.</summary>
    [AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public Task AttendAsync(long runId, CancellationToken cancellationToken) => sweeper.AttendAsync(runId, cancellationToken);

    /// <summary>Releases locks that nobody can hold any more.</summary>
    [AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public Task SweepLocksAsync(CancellationToken cancellationToken) => locks.SweepAsync(cancellationToken);

    /// <summary>Deletes what is older than the retention.</summary>
    [AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        await retention.CleanAsync(cancellationToken);
        if (ticks is not null)
        {
            await ticks.CleanAsync(cancellationToken);
        }
    }
}
