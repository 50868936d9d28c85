using System.Globalization;
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
/// The events of executions. Those of a run's own life are read off the run, so that there is exactly one start and one end whatever crashes when; those that somebody creates stand in the run's timeline.
/// </summary>
internal sealed class ExecutionEvents(IRunStore store, RunUpdater updater, ISecretProtector protector, MonotonicClock clock, IOptions<CallbackLimits> limits)
{
    private const string NameKey = RunEventTypes.CustomName;
    private const string CauseKey = RunEventTypes.CustomCause;
    private const string SourceKey = "source";
    private const string IdKey = "id";
    private const string AskedKey = "askedAt";
    private const string SignalledKey = "signalled";
    private const int Page = 500;

    /// <summary>Lists the events of an execution, the oldest first.</summary>
    public async Task<IReadOnlyList<ExecutionEvent>> ListAsync(Run run, CancellationToken cancellationToken)
    {
        var created = new List<ExecutionEvent>();
        long after = 0;
        IReadOnlyList<RunEvent> page;
        do
        {
            page = await store.EventsAsync(run.Id, after, Page, cancellationToken).ConfigureAwait(false);
            after = page.Count > 0 ? page[^1].Seq : after;
            created.AddRange(page.Where(e => e.Type == RunEventTypes.Custom && e.Data is not null).Select(Read));
        }
        while (page.Count == Page);

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
    public async Task<ExecutionEvent?> FindAsync(Run run, string id, CancellationToken cancellationToken) =>
        (await ListAsync(run, cancellationToken).ConfigureAwait(false)).FirstOrDefault(e => string.Equals(e.Id, id, StringComparison.Ordinal));

    /// <summary>Creates an event, also of an execution that has ended: its outcome stays.</summary>
    public async Task<Result<ExecutionEvent>> AddAsync(Run run, NewExecutionEvent wanted, string actor, CancellationToken cancellationToken)
    {
        if (JobNames.EventProblem(wanted.Name) is { } wrong)
        {
            return Error.Invalid("event", wrong);
        }

        if (wanted.Id is { } id && await FindAsync(run, id, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        var cause = SecretSplit.Hide(wanted.Cause, Secrets(run));
        var data = new Dictionary<string, string>(StringComparer.Ordinal) { [NameKey] = wanted.Name, [SourceKey] = wanted.Source };
        if (cause is not null)
        {
            data[CauseKey] = cause;
        }

        if (wanted.AskedAt is { } askedAt)
        {
            data[AskedKey] = askedAt.ToString("O", CultureInfo.InvariantCulture);
        }

        if (wanted.Id is not null)
        {
            data[IdKey] = wanted.Id;
        }

        if (wanted.Signalled is { } signalled)
        {
            data[SignalledKey] = signalled ? "true" : "false";
        }

        var added = await updater.ApplyAsync(
            run, r => r.CallbackEvents >= limits.Value.MaxEvents ? null : RunLifecycle.Annotate(r, clock.Now, actor, RunEventTypes.Custom, x => x with { CallbackEvents = x.CallbackEvents + 1 }, data), cancellationToken)
            .ConfigureAwait(false);
        return added.Applied
            ? new ExecutionEvent(wanted.Name, cause, wanted.AskedAt ?? clock.Now, wanted.Source, wanted.Signalled)
            : new Error(ErrorKind.TooMany, "event.too_many", $"This execution has {limits.Value.MaxEvents} events, which is their bound.");
    }

    private static ExecutionEvent? End(Run run) =>
        run.Status.IsFinal() ? new ExecutionEvent(Outcome(run), run.StatusReason, run.EndedAt ?? run.DefinedAt, ExecutionEvent.System) : null;

    private static ExecutionEvent Read(RunEvent e) => new(
        e.Data!.GetValueOrDefault(NameKey, string.Empty),
        e.Data!.GetValueOrDefault(CauseKey),
        e.Data!.TryGetValue(AskedKey, out var asked) && DateTimeOffset.TryParse(asked, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) ? at : e.At,
        e.Data!.GetValueOrDefault(SourceKey, ExecutionEvent.Api),
        e.Data!.TryGetValue(SignalledKey, out var signalled) ? signalled == "true" : null)
    {
        Id = e.Data!.GetValueOrDefault(IdKey),
    };

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
