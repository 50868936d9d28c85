using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Callbacks;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Repository;

/// <summary>
/// The events of executions. Those of a run's own life are read off the run, so that there is exactly one start and one end whatever crashes when; those that somebody creates stand in the run's timeline. Each is stored
/// under the version of the run that was read before the timeline, so of two messages with one id the second finds the first, at whichever servers they are.
/// </summary>
internal sealed class ExecutionEvents(IRunStore store, RunUpdater updater, ISecretProtector protector, MonotonicClock clock, IOptions<CallbackLimits> limits) : IDisposable
{
    // A job that makes events up to its bound must not keep people from stopping it.
    private const int MoreOrders = 1000;

    // Many messages of one moment to one run take their turns here rather than overtake each other in the store.
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 32).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Lists the events of an execution, the oldest first.</summary>
    public async Task<IReadOnlyList<ExecutionEvent>> ListAsync(Run run, CancellationToken cancellationToken)
    {
        var created = (await TimelineAsync(run, cancellationToken).ConfigureAwait(false)).Created;
        var start = new ExecutionEvent("start", null, run.DefinedAt, ExecutionEvent.System);
        if (End(run) is not { } end)
        {
            return [start, .. created];
        }

        return [start, .. created.Where(e => e.Time < end.Time), end, .. created.Where(e => e.Time >= end.Time)];
    }

    /// <summary>Answers how the execution ended, or <c>start</c> where it has not.</summary>
    public static string Outcome(Run run) => run.Status switch
    {
        RunStatus.Succeeded => "complete",
        RunStatus.Failed or RunStatus.Aborted => run.TimedOut ? "time-out" : "fail",
        _ => "start",
    };

    /// <summary>Answers the event that was created with an id; null where there is none.</summary>
    public async Task<ExecutionEvent?> FindAsync(Run run, string id, CancellationToken cancellationToken) => (await TimelineAsync(run, cancellationToken).ConfigureAwait(false)).Find(id);

    /// <summary>Answers the event at a place of the timeline; null where there is none.</summary>
    public async Task<ExecutionEvent?> FindAsync(Run run, long seq, CancellationToken cancellationToken) => (await TimelineAsync(run, cancellationToken).ConfigureAwait(false)).Find(seq);

    /// <summary>Answers the orders of which nobody has noted yet what became of them, the oldest first.</summary>
    public async Task<IReadOnlyList<ExecutionEvent>> OpenOrdersAsync(Run run, CancellationToken cancellationToken) =>
        [.. (await TimelineAsync(run, cancellationToken).ConfigureAwait(false)).Created.Where(e => e.IsOpen)];

    /// <summary>Creates an event, also of an execution that has ended: its outcome stays. Where the id is known, answers the event that has it.</summary>
    /// <param name="run">The execution.</param>
    /// <param name="wanted">The event.</param>
    /// <param name="actor">Who creates it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="with">What else changes in the run with it; null for nothing.</param>
    public async Task<Result<ExecutionEvent>> AddAsync(Run run, NewExecutionEvent wanted, string actor, CancellationToken cancellationToken, Func<Run, Run>? with = null)
    {
        if (JobNames.EventProblem(wanted.Name) is { } wrong)
        {
            return Error.Invalid("event", wrong);
        }

        var data = ExecutionTimeline.DataOf(wanted, SecretSplit.Hide(wanted.Cause, Secrets(run)));
        var bound = limits.Value.MaxEvents + (wanted.IsOrder ? MoreOrders : 0);
        var timeline = new ExecutionTimeline(store, run.Id);
        var added = await InTurnAsync(
            run,
            async r =>
            {
                if (wanted.Id is { } id)
                {
                    await timeline.ReadOnAsync(cancellationToken).ConfigureAwait(false);
                    if (timeline.Find(id) is not null)
                    {
                        return null;
                    }
                }

                return r.CallbackEvents >= bound
                    ? null
                    : RunLifecycle.Annotate(r, clock.Now, actor, RunEventTypes.Custom, x => (with?.Invoke(x) ?? x) with { CallbackEvents = x.CallbackEvents + 1 }, data);
            },
            cancellationToken).ConfigureAwait(false);
        if (added.Applied)
        {
            return await FindAsync(added.Run, added.Run.Version, cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException($"The event of run {run.Id} was stored and is not in its timeline.");
        }

        if (wanted.Id is { } known && timeline.Find(known) is { } first)
        {
            return first.Name == wanted.Name ? first : new Error(ErrorKind.Conflict, "event.id_taken", $"The id is that of an event '{first.Name}' of this execution; an id names one event.");
        }

        return added.Run.CallbackEvents < bound
            ? Error.NoSuchRun(run.Id)
            : new Error(ErrorKind.TooMany, "event.too_many", $"This execution has {bound} events, which is their bound.");
    }

    /// <summary>Notes what became of an order; the first note counts.</summary>
    public Task NoteAsync(Run run, ExecutionEvent order, SignalOutcome outcome, string actor, CancellationToken cancellationToken)
    {
        var timeline = new ExecutionTimeline(store, run.Id);
        var reason = outcome switch
        {
            { Signalled: true } => $"{order.Name}: the signal was sent",
            { Problem: { } problem } => $"{order.Name}: no signal was sent: {problem}",
            _ => $"{order.Name}: no signal was sent, for the job does not run",
        };
        return InTurnAsync(
            run,
            async r =>
            {
                await timeline.ReadOnAsync(cancellationToken).ConfigureAwait(false);
                var change = RunLifecycle.Annotate(r, clock.Now, actor, RunEventTypes.Note, x => x, ExecutionTimeline.DataOf(order, outcome));
                return timeline.Find(order.Seq) is { IsOpen: true } ? change with { Event = change.Event with { Reason = reason } } : null;
            },
            cancellationToken);
    }

    public void Dispose() => Array.ForEach(_turns, t => t.Dispose());

    private async Task<UpdateResult> InTurnAsync(Run run, Func<Run, ValueTask<RunChange?>> decide, CancellationToken cancellationToken)
    {
        var turn = _turns[run.Id % _turns.Length];
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Whoever waited has an old run by now.
            var now = await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) ?? run;
            return await updater.DecideAsync(now, decide, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<ExecutionTimeline> TimelineAsync(Run run, CancellationToken cancellationToken)
    {
        var timeline = new ExecutionTimeline(store, run.Id);
        await timeline.ReadOnAsync(cancellationToken).ConfigureAwait(false);
        return timeline;
    }

    private static ExecutionEvent? End(Run run) =>
        run.Status.IsFinal() ? new ExecutionEvent(Outcome(run), run.StatusReason, run.EndedAt ?? run.DefinedAt, ExecutionEvent.System) : null;

    private IReadOnlyDictionary<string, string>? Secrets(Run run)
    {
        try
        {
            return SecretSplit.Reveal(run.ProtectedSecrets, protector);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
