using Ascob.Core.Backends;
using Ascob.Core.Monitoring;
using Ascob.Core.Routing;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Dispatch;

/// <summary>
/// Keeps runs that their backend would not take, or that were not offered to it: they go on to another backend that fits, wait with their reason, or end when the backend has refused for too long.
/// </summary>
public sealed class SubmissionWaits(
    BackendCatalog catalog,
    IRunStore store,
    RunUpdater updater,
    RunFinisher finisher,
    Elsewhere elsewhere,
    ServerIdentity server,
    MonotonicClock clock,
    Backoff backoff,
    IOptions<EngineOptions> options)
{
    /// <summary>The first pause after a refusal.</summary>
    internal static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);

    private static readonly BackendOptions Unconfigured = new();
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PauseGrid = TimeSpan.FromMilliseconds(100);

    /// <summary>Raised with a backend's id when a run went into its line while that came to its end: nobody else may look at it soon.</summary>
    internal event Action<string>? LineMayMove;

    /// <summary>What keeps a run from being sent now, if anything. Only waits for a backend that fails count against its <c>SubmitDeadline</c>.</summary>
    internal static Hold? Held(Run run, BackendEntry backend)
    {
        var condition = backend.Condition;
        if (!backend.ServedHere)
        {
            // Its worker sends it, when it is there.
            return condition.Away is { } away
                ? new Hold(away, FirstPause, true)
                : new Hold($"worker '{backend.Worker}' takes it", PauseGrid, false);
        }

        if (condition.Drained && run.IntentAt is null)
        {
            return new Hold($"backend '{backend.Id}' is drained: it takes no new runs until it is resumed", TimeSpan.FromSeconds(5), false);
        }

        if (condition.Paused is var pause && pause > TimeSpan.Zero)
        {
            return new Hold($"backend '{backend.Id}' asks for fewer requests", PauseGrid, false) { NotBefore = pause };
        }

        return condition.TryEnter()
            ? null
            : new Hold($"backend '{backend.Id}' is failing (circuit open): {condition.LastError}", FirstPause, true);
    }

    /// <summary>Waits on a backend that is not configured here: another server may know it.</summary>
    internal Task DelayUnknownAsync(Run run, CancellationToken cancellationToken) =>
        DelayAsync(run, new Hold($"backend '{run.BackendId}' is not configured on this server", LongestPause, true), cancellationToken);

    /// <summary>Puts a run off that was certainly not started.</summary>
    internal async Task DelayAsync(Run run, Hold hold, CancellationToken cancellationToken)
    {
        var now = clock.Now;
        if (hold is { Counts: true, OnlyThisJob: false } && run.WaitingSince is { } since && now - since >= DeadlineOf(run))
        {
            await finisher.RejectAsync(run, $"not taken within {DeadlineOf(run)}: {hold.Reason}", cancellationToken, r => !IsAnotherBy(run, r)).ConfigureAwait(false);
            return;
        }

        if (!hold.OnlyThisJob && await elsewhere.FindAsync(run, hold.Reason, cancellationToken).ConfigureAwait(false) is { } other)
        {
            await PutOffAsync(run, hold with { Reason = $"{hold.Reason}; going on at backend '{other.BackendId}'" }, now, other, cancellationToken).ConfigureAwait(false);
            return;
        }

        var next = hold.Counts ? now + backoff.Exponential(hold.Pause, LongestPause, run.FailedChecks) : TurnOf(run, now + hold.NotBefore, hold.Pause);
        if (run.StatusReason == hold.Reason && run.IntentAt is null && !run.HoldsSlot && run.Status == RunStatus.PendingSubmit && run.Route?.Tried is not { Count: > 0 }
            && hold.InLine == run.QueueRank.HasValue)
        {
            // Nothing new to tell: the timeline is not filled with the same sentence.
            await store.RescheduleAsync([new Reschedule(run.Id, run.Version, next, run.FailedChecks + (hold.Counts ? 1 : 0))], cancellationToken)
                .ConfigureAwait(false);
            return;
        }

        // All others were tried as well: after the pause the round begins anew.
        var again = run.Route is { Tried.Count: > 0 } route ? route with { Tried = null } : null;
        await PutOffAsync(run, hold, next, again, cancellationToken).ConfigureAwait(false);
        if (hold.InLine && catalog.TryGet(run.BackendId, out var backend) && !backend.Condition.HasLine)
        {
            LineMayMove?.Invoke(backend.Id);
        }
    }

    private Task<UpdateResult> PutOffAsync(Run run, Hold hold, DateTimeOffset next, RoutingDecision? route, CancellationToken cancellationToken) => updater.ApplyAsync(
        run,
        r => IsAnotherBy(run, r) ? null : RunLifecycle.Change(
            r,
            RunTrigger.SubmitDelayed,
            clock.Now,
            server.Actor,
            hold.Reason,
            x => x with
            {
                BackendId = route?.BackendId ?? x.BackendId,
                Route = route ?? x.Route,
                IntentAt = null,
                HoldsSlot = false,
                LeaseOwner = null,
                LeaseUntil = null,
                WaitingSince = hold is { Counts: true, OnlyThisJob: false } ? x.WaitingSince ?? clock.Now : null,
                QueueRank = hold.InLine && !Moves(run, route) ? QueueRanks.Of(x, options.Value.PriorityStep) : null,
                FailedChecks = hold.Counts ? x.FailedChecks + 1 : 0,
                NextCheckAt = next,
            },
            data: Moves(run, route) ? new Dictionary<string, string>(StringComparer.Ordinal) { ["from"] = run.BackendId!, ["backend"] = route!.BackendId! } : null),
        cancellationToken);

    // A backend that no server knows any more takes nothing either.
    private TimeSpan DeadlineOf(Run run) => (catalog.TryGet(run.BackendId, out var backend) ? backend.Options : Unconfigured).SubmitDeadline;

    // What was read may be old: another server, or another submission, has it now.
    private bool IsAnotherBy(Run read, Run now) =>
        server.IsLeasedElsewhere(now, clock.Now)
        || now.Marker != read.Marker
        || (read.IntentAt is null && now.IntentAt is not null);

    private static bool Moves(Run run, RoutingDecision? route) => route is not null && route.BackendId != run.BackendId;

    // Runs that wait for the same thing are looked at on a common grid of time and within it by their number: so whoever takes the next one takes the oldest.
    internal static DateTimeOffset TurnOf(Run run, DateTimeOffset earliest, TimeSpan grid) =>
        new DateTimeOffset(((earliest.Ticks / grid.Ticks) + 1) * grid.Ticks, TimeSpan.Zero) + TimeSpan.FromMicroseconds(run.Id % 1_000_000);
}

/// <summary>Why a run is not sent now.</summary>
/// <param name="Reason">One readable sentence.</param>
/// <param name="Pause">How long until it is tried again: the first pause of growing ones, or the grid of time on which those wait that do not count.</param>
/// <param name="Counts">Whether the time counts against <see cref="BackendOptions.SubmitDeadline"/>.</param>
internal sealed record Hold(string Reason, TimeSpan Pause, bool Counts)
{
    /// <summary>Gets whether the backend is well and this very job is busy there: then the wait has no deadline, and no other backend may start it meanwhile.</summary>
    public bool OnlyThisJob { get; init; }

    /// <summary>Gets whether the run waits for a slot of its backend, and takes its place in the line for one.</summary>
    public bool InLine { get; init; }

    /// <summary>Gets how long it makes no sense to try at all.</summary>
    public TimeSpan NotBefore { get; init; }
}
