using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Repository;

/// <summary>
/// Takes the orders <c>stop</c>, <c>continue</c>, <c>terminate</c> and <c>kill</c> at whichever server. An order is stored before anything is sent, once for each id; the process that reaches the job carries it out, and
/// whoever asked waits for its note of that.
/// </summary>
internal sealed class JobControls(
    IRunStore store, ExecutionEvents events, HaltOrders halts, RunOrders orders, RunPlaces places, BackendCatalog catalog, ClusterView cluster, RunSignals signals, MonotonicClock clock)
{
    /// <summary>How long another process has to carry an order out before whoever asked is told that it has not answered.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PauseBetweenAsking = TimeSpan.FromSeconds(2);

    /// <summary>Creates the event of an order and carries it out; a job that does not run gets no signal, and that is no error.</summary>
    public async Task<Result<ExecutionEvent>> OrderAsync(Run run, string name, string? cause, string? id, string actor, CancellationToken cancellationToken)
    {
        var known = id is null ? null : await events.FindAsync(run, id, cancellationToken).ConfigureAwait(false);
        if (known is null && Controls.IsHalt(name) && Hindrance(run) is { } hindrance)
        {
            return hindrance;
        }

        var wanted = new NewExecutionEvent(name, cause, ExecutionEvent.Api) { Id = id, IsOrder = true };
        var added = await events.AddAsync(run, wanted, actor, cancellationToken, Attended).ConfigureAwait(false);
        if (!added.IsSuccess || !added.Value.IsOpen)
        {
            return added.IsSuccess ? Answer(added.Value) : added;
        }

        return Controls.IsHalt(name)
            ? await HaltAsync(run, added.Value, cancellationToken).ConfigureAwait(false)
            : await StopAsync(run, added.Value, actor, cancellationToken).ConfigureAwait(false);
    }

    private static bool IsAtItsJob(Run run) => run.Status is RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting && run.BackendKeys is not null;

    private static Result<ExecutionEvent> Answer(ExecutionEvent order) =>
        order.Problem is { } problem ? new Error(ErrorKind.Conflict, "control.not_taken", $"The job could not be told: {problem}") : order;

    // Known before anything is stored: that nobody will ever carry the order out.
    private Error? Hindrance(Run run)
    {
        if (!IsAtItsJob(run))
        {
            return null;
        }

        if (!catalog.TryGet(run.BackendId, out var backend) || backend.Adapter is not ISupportPause)
        {
            return new Error(ErrorKind.Conflict, "control.unsupported", $"Backend '{run.BackendId}' cannot halt jobs.");
        }

        return places.IsOutOfReach(run)
            ? new Error(ErrorKind.Conflict, "control.out_of_reach", $"Nobody who is there can reach the job: {backend.Condition.Away ?? Keeper(run)}.")
            : null;
    }

    private string Keeper(Run run) =>
        cluster.KeeperOf(run.IntentPlace) is { } keeper ? $"it runs at '{keeper.Name}', which is away" : "it runs where no server of this database is";

    // Another process finds the run due, and its order with it, also where nobody can ask that process.
    private Run Attended(Run run) => IsAtItsJob(run) && !places.IsHere(run) ? run with { NextCheckAt = clock.Now, LeaseOwner = null, LeaseUntil = null } : run;

    private async Task<Result<ExecutionEvent>> StopAsync(Run run, ExecutionEvent order, string actor, CancellationToken cancellationToken)
    {
        var now = await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) ?? run;
        var stopped = now.Status.IsFinal() ? now : await orders.StopAsync(now, order.Name == Controls.Kill, actor, cancellationToken).ConfigureAwait(false);
        var outcome = stopped switch
        {
            { IsSuccess: true } => new SignalOutcome(!now.Status.IsFinal() && stopped.Value.BackendKeys is not null),
            { Error.Code: RunOrders.FinalCode } => new SignalOutcome(false),
            _ => new SignalOutcome(false, stopped.Error!.Message),
        };
        await events.NoteAsync(run, order, outcome, actor, cancellationToken).ConfigureAwait(false);
        return Answer(await events.FindAsync(run, order.Seq, cancellationToken).ConfigureAwait(false) ?? order);
    }

    private async Task<Result<ExecutionEvent>> HaltAsync(Run run, ExecutionEvent order, CancellationToken cancellationToken)
    {
        var begun = clock.Time.GetTimestamp();
        using var subscription = signals.Subscribe(run.Id);
        while (true)
        {
            var now = await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) ?? run;
            if (!IsAtItsJob(now) || places.IsHere(now))
            {
                await halts.CarryOutAsync(now, cancellationToken).ConfigureAwait(false);
            }

            var noted = await events.FindAsync(now, order.Seq, cancellationToken).ConfigureAwait(false);
            if (noted is not { IsOpen: true })
            {
                return Answer(noted ?? order);
            }

            if (clock.Time.GetElapsedTime(begun) >= Patience)
            {
                return new Error(
                    ErrorKind.Unavailable,
                    "control.unanswered",
                    $"The process that has the job has not answered within {Patience.TotalSeconds:0} s. The event is stored, and its signal is sent as soon as that process looks at the job.");
            }

            places.Attend(now);
            await subscription.WaitAsync(now.Version, PauseBetweenAsking, clock.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
