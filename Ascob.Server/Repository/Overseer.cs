using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;

namespace Ascob.Server.Repository;

/// <summary>What can be done with the repository's jobs and their executions.</summary>
internal sealed class Overseer(
    IRepositoryStore store,
    JobLauncher launcher,
    IRepositoryPublisher publisher,
    JobService jobs,
    JobControls controls,
    ExecutionEvents events,
    IDefinitionStore definitions,
    IScheduleStore scheduleStore,
    ScheduleService schedules)
{
    private const int MostTries = 10;
    private const int NextRuns = 10;
    private const string Asked = "api";

    /// <summary>Answers all jobs, by name.</summary>
    public async Task<IReadOnlyDictionary<string, KnownJob>> ListAsync(CancellationToken cancellationToken) => (await store.ReadAsync(cancellationToken)).State.Jobs;

    /// <summary>Answers one job.</summary>
    public async Task<Result<KnownJob>> FindAsync(string name, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).GetValueOrDefault(name) is { } known ? known : NoSuchJob(name);

    /// <summary>Answers the latest executions of a job that the caller may see.</summary>
    public async Task<Result<RunPage>> ExecutionsAsync(string name, int limit, long? beforeId, Caller caller, CancellationToken cancellationToken) => await jobs.SearchAsync(
        new RunSearch { Labels = [KeyValuePair.Create(RepositoryLabels.Job, name)], Limit = limit, BeforeId = beforeId }, caller, cancellationToken);

    /// <summary>Executes a job.</summary>
    public async Task<Result<Run>> ExecuteAsync(string name, JobValues values, string? submitter, string? key, Caller caller, CancellationToken cancellationToken, string cause = Asked)
    {
        var found = await FindAsync(name, cancellationToken);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        return found.Value.Active
            ? await LaunchAsync(found.Value, values, submitter, key, cause, caller, cancellationToken)
            : Inactive(name);
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

        return await ExecuteAsync(JobOf(run)!, RepositoryJobs.ValuesOf(run), run.Spec.Submitter, key, caller, cancellationToken, $"repeats {ExecutionIds.Of(run)}");
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

        if (!Controls.Is(name))
        {
            return await events.AddAsync(run, new NewExecutionEvent(name, cause, ExecutionEvent.Api) { Id = id }, caller.Actor, cancellationToken);
        }

        return caller.Can(Permissions.JobRunAbort)
            ? await controls.OrderAsync(run, name, cause, id, caller.Actor, cancellationToken)
            : new Error(ErrorKind.Forbidden, "permission.missing", $"The event '{name}' sends a signal and needs the permission '{Permissions.JobRunAbort}'.");
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
            var after = before.State with { Jobs = all, Published = null };
            if (await store.TryReplaceAsync(before, after, cancellationToken))
            {
                // The rest of the server is told now; what a crash leaves undone is done at the next look.
                await publisher.PublishAsync(StoredState.Of(after), cancellationToken);
                return changed;
            }
        }

        return new Error(ErrorKind.Unavailable, "repository.busy", "The repository's jobs are being changed just now; ask again.");
    }

    /// <summary>Answers when a job runs next by itself.</summary>
    public async Task<IReadOnlyList<DateTimeOffset>> NextRunsAsync(KnownJob known, CancellationToken cancellationToken)
    {
        if (!known.Active || known.Job.Schedule.Count == 0 || await definitions.FindAsync(known.Job.Name, cancellationToken) is not { Source: DefinitionPublisher.Source } definition)
        {
            return [];
        }

        var all = await scheduleStore.ListAsync(definition.Id, 0, ScheduleService.MostOfDefinition, cancellationToken);
        return [.. (await schedules.NextAsync(all, NextRuns, cancellationToken)).Select(f => f.DueAt)];
    }

    /// <summary>Answers what is wrong in a file now.</summary>
    public async Task<IReadOnlyList<FileError>> ErrorsOfAsync(string file, CancellationToken cancellationToken) =>
        [.. (await store.ReadAsync(cancellationToken)).State.Errors.Where(e => e.File == file)];

    /// <summary>Answers what started a run.</summary>
    public static string TriggerOf(Run run) => run.Cause is { } cause
        ? cause.Kind == RunCause.Overseer ? cause.Text ?? Asked : cause.Text is null ? cause.Kind : $"{cause.Kind}: {cause.Text}"
        : run.ParentId is not null ? "repeats" : Asked;

    /// <summary>The answer for a job that was taken out of the active ones.</summary>
    internal static Error Inactive(string name) =>
        new(ErrorKind.Conflict, "job.inactive", $"The job '{name}' is not active; PUT /jobs/{Uri.EscapeDataString(name)} makes it so.");

    /// <summary>Answers the job of a run; null where it is of none.</summary>
    public static string? JobOf(Run run) => run.Spec.Label(RepositoryLabels.Job);

    private static Error NoSuchJob(string name) => new(ErrorKind.NotFound, "job.not_found", $"The repository has no job '{name}'.");

    private async Task<Result<Run>> LaunchAsync(KnownJob known, JobValues values, string? submitter, string? key, string cause, Caller caller, CancellationToken cancellationToken)
    {
        var launched = await launcher.LaunchAsync(known, values, submitter, key, cause, caller, cancellationToken);
        return launched.IsSuccess ? await jobs.GetAsync(launched.Value, caller, cancellationToken) : launched.Error;
    }
}
