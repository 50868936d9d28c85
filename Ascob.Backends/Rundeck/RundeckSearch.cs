using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>Looks for a marker: first among what runs, then among what has ended since, so that what ends in between is found in the second list.</summary>
internal sealed class RundeckSearch(RundeckJobs jobs, RundeckLists lists, string backendId, TimeProvider time)
{
    // A look-up long after the submission still reaches back to it; the hour more covers a clock that differs.
    private const int SpareHours = 1;
    private const int MostHours = 24 * 365;

    public async Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken)
    {
        try
        {
            // A job that was named may have been made anew since, with another id; so its whole project is searched. A project given beside an id may be the wrong one.
            if (job.Spec.Label(RundeckJobRules.JobId) is not { } jobId)
            {
                return await FindAsync(job, null, job.Spec.Label(RundeckJobRules.Project)!, cancellationToken).ConfigureAwait(false);
            }

            var (project, reason) = await jobs.ProjectOfAsync(jobId, cancellationToken).ConfigureAwait(false);
            return project is null ? Failed(reason) : await FindAsync(job, jobId, project, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return Failed(HttpFault.Describe(e));
        }
    }

    private static FindOutcome Failed(string? reason) => new(FindOutcomeKind.Failed, Reason: reason);

    private async Task<FindOutcome> FindAsync(BackendJob job, string? jobId, string project, CancellationToken cancellationToken)
    {
        var running = await lists.RunningAsync(project, jobId, RundeckLists.AllPages, cancellationToken).ConfigureAwait(false);
        if (Found(job.Marker, running) is { } early)
        {
            return early;
        }

        if (!running.Complete)
        {
            return Failed(running.Reason);
        }

        if (await HidesMarkerAsync(job, jobId, cancellationToken).ConfigureAwait(false))
        {
            return Failed($"the job declares {RundeckOptions.Marker} as a secure option, which Rundeck shows to nobody: a person must give the verdict");
        }

        var hours = (int)Math.Clamp(Math.Ceiling((time.GetUtcNow() - job.IntentAt).TotalHours), 0, MostHours) + SpareHours;
        var ended = await lists.EndedAsync(project, jobId, hours, RundeckLists.AllPages, cancellationToken).ConfigureAwait(false);
        return Found(job.Marker, ended)
            ?? (ended.Complete
                ? new FindOutcome(FindOutcomeKind.NotFound, Reason: $"no execution of project '{project}' carries {job.Marker}")
                : Failed(ended.Reason));
    }

    // What a job keeps secret is not in its executions. A definition that cannot be read says nothing.
    private async Task<bool> HidesMarkerAsync(BackendJob job, string? jobId, CancellationToken cancellationToken) =>
        (jobId ?? (await jobs.ResolveAsync(job.Spec, cancellationToken).ConfigureAwait(false)).Id) is { } id
        && (await jobs.DefinitionAsync(id, cancellationToken).ConfigureAwait(false)).Definition?.Secure.Contains(RundeckOptions.Marker) == true;

    // Rundeck hands the options on to its own retries, so several executions may carry the marker; the first one leads to all of them.
    private FindOutcome? Found(string marker, RundeckList list) =>
        list.Executions.Values.Where(e => e.Marker == marker).MinBy(e => e.Id) is { } execution
            ? new FindOutcome(FindOutcomeKind.Found, RundeckKeys.Of(backendId, execution), $"execution {execution.Id} carries {marker}")
            : null;
}
