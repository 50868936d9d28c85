using Ascob.Core.Access;
using Ascob.Core.Errors;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Server.Repository;

/// <summary>What can be done with the repository's jobs and their executions.</summary>
internal sealed class Overseer(IRepositoryStore store, JobLauncher launcher, JobService jobs, RunOrders orders, ExecutionEvents events, MonotonicClock clock)
{
    private const int MostTries = 10;

    /// <summary>Answers all jobs, by name.</summary>
    public async Task<IReadOnlyDictionary<string, KnownJob>> ListAsync(CancellationToken cancellationToken) => (await store.ReadAsync(cancellationToken)).State.Jobs;

    /// <summary>Answers one job.</summary>
    public async Task<Result<KnownJob>> FindAsync(string name, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).GetValueOrDefault(name) is { } known ? known : NoSuchJob(name);

    /// <summary>Answers the latest executions of a job that the caller may see.</summary>
    public async Task<Result<RunPage>> ExecutionsAsync(string name, int limit, long? beforeId, Caller caller, CancellationToken cancellationToken) => await jobs.SearchAsync(
        new RunSearch { Labels = [KeyValuePair.Create(RepositoryLabels.Job, name)], Limit = limit, BeforeId = beforeId }, caller, cancellationToken);

    /// <summary>Executes a job.</summary>
    public async Task<Result<Run>> ExecuteAsync(string name, JobValues values, string? submitter, string? key, Caller caller, CancellationToken cancellationToken)
    {
        var found = await FindAsync(name, cancellationToken);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        return found.Value.Active
            ? await LaunchAsync(found.Value, values, found.Value.Commit, submitter, key, caller, cancellationToken)
            : new Error(ErrorKind.Conflict, "job.inactive", $"The job '{name}' is not active; PUT /jobs/{Uri.EscapeDataString(name)} makes it so.");
    }

    /// <summary>Executes a job again, with the same values.</summary>
    /// <param name="run">The execution.</param>
    /// <param name="same">Whether in the files of the same commit rather than of the present one.</param>
    /// <param name="key">The idempotency key; null for none.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<Run>> RepeatAsync(Run run, bool same, string? key, Caller caller, CancellationToken cancellationToken)
    {
        if (same)
        {
            var again = await jobs.ResubmitAsync(run.Id, new ResubmitOverrides(null, null, key), caller, cancellationToken);
            return again.IsSuccess ? await jobs.GetAsync(again.Value.RunId, caller, cancellationToken) : again.Error;
        }

        return await ExecuteAsync(JobOf(run)!, JobLauncher.ValuesOf(run), run.Spec.Submitter, key, caller, cancellationToken);
    }

    /// <summary>Answers an execution of a job.</summary>
    public async Task<Result<Run>> ExecutionAsync(string name, string execution, Caller caller, CancellationToken cancellationToken)
    {
        var found = ExecutionIds.TryReadRunId(execution, out var runId) ? await jobs.GetAsync(runId, caller, cancellationToken) : Error.NoSuchRun(0);
        return found.IsSuccess && ExecutionIds.Of(found.Value) == execution && JobOf(found.Value) == name
            ? found.Value
            : new Error(ErrorKind.NotFound, "execution.not_found", $"The job '{name}' has no execution '{execution}'.");
    }

    /// <summary>Answers the events of an execution, the oldest first.</summary>
    public Task<IReadOnlyList<ExecutionEvent>> EventsAsync(Run run, CancellationToken cancellationToken) => events.ListAsync(run, cancellationToken);

    /// <summary>Creates an event from outside, and sends the signal that it stands for.</summary>
    public async Task<Result<ExecutionEvent>> CreateEventAsync(Run run, string name, string? cause, string? id, Caller caller, CancellationToken cancellationToken)
    {
        if (JobNames.EventProblem(name) is { } wrong)
        {
            return Error.Invalid("event", wrong);
        }

        var askedAt = clock.Now;
        bool? signalled = null;
        if (Controls.Is(name))
        {
            if (!caller.Can(Permissions.JobRunAbort))
            {
                return new Error(ErrorKind.Forbidden, "permission.missing", $"The event '{name}' sends a signal and needs the permission '{Permissions.JobRunAbort}'.");
            }

            var sent = await orders.ControlAsync(run, name, caller.Actor, cancellationToken);
            if (!sent.IsSuccess)
            {
                return sent.Error;
            }

            signalled = sent.Value;
        }

        return await events.AddAsync(run, new NewExecutionEvent(name, cause, ExecutionEvent.Api, signalled) { Id = id, AskedAt = signalled == true ? askedAt : null }, caller.Actor, cancellationToken);
    }

    /// <summary>Takes a job out of the active ones, or back among them.</summary>
    public async Task<Result<KnownJob>> ActivateAsync(string name, bool active, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MostTries; tries++)
        {
            var before = await store.ReadAsync(cancellationToken);
            if (before.State.Jobs.GetValueOrDefault(name) is not { } known)
            {
                return NoSuchJob(name);
            }

            if (known.Active == active)
            {
                return known;
            }

            var changed = known with { Active = active };
            var all = new Dictionary<string, KnownJob>(before.State.Jobs, StringComparer.Ordinal) { [name] = changed };
            if (await store.TryReplaceAsync(before, before.State with { Jobs = all }, cancellationToken))
            {
                return changed;
            }
        }

        return new Error(ErrorKind.Unavailable, "repository.busy", "The repository's jobs are being changed just now; ask again.");
    }

    /// <summary>Answers what is wrong in a file now.</summary>
    public async Task<IReadOnlyList<FileError>> ErrorsOfAsync(string file, CancellationToken cancellationToken) =>
        [.. (await store.ReadAsync(cancellationToken)).State.Errors.Where(e => e.File == file)];

    /// <summary>Answers what started a run.</summary>
    public static string TriggerOf(Run run) => run.ParentId is not null ? "repeat" : "api";

    /// <summary>Answers the job of a run; null where it is of none.</summary>
    public static string? JobOf(Run run) => run.Spec.Label(RepositoryLabels.Job);

    private static Error NoSuchJob(string name) => new(ErrorKind.NotFound, "job.not_found", $"The repository has no job '{name}'.");

    private async Task<Result<Run>> LaunchAsync(KnownJob known, JobValues values, string commit, string? submitter, string? key, Caller caller, CancellationToken cancellationToken)
    {
        var launched = await launcher.LaunchAsync(known, values, commit, submitter, key, caller, cancellationToken);
        return launched.IsSuccess ? await jobs.GetAsync(launched.Value, caller, cancellationToken) : launched.Error;
    }
}
