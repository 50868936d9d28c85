using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Monitoring;

/// <summary>
/// Stops jobs that go on although their run is over: a worker comes back after an operator's verdict about its runs, or a backend takes a job whose run was ended as "not started". Nobody follows such a job, and its
/// locks belong to others by now.
/// </summary>
public sealed class StrayJobs(BackendCatalog catalog, IRunStore store, RunStopper stopper, MonotonicClock clock, ILogger<StrayJobs> logger)
{
    private const int PageSize = 200;

    private static readonly Dictionary<string, string> NoKeys = [];

    /// <summary>Looks through the jobs that backends keep on this machine; answers how many were told to stop.</summary>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        var stopped = 0;
        foreach (var backend in catalog.Served)
        {
            if (backend.Adapter is ISupportCleanup cleanup and ISupportStatus and ISupportStop && backend.Adapter.Place is { } place)
            {
                stopped += await StopAsync(backend, cleanup, place, cancellationToken).ConfigureAwait(false);
            }
        }

        return stopped;
    }

    /// <summary>Stops the job of a run that was ended as "not started" before the backend told that it has the job; false where it could not be told.</summary>
    public async Task<bool> StopLateAsync(Run run, IReadOnlyDictionary<string, string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return catalog.TryGet(run.BackendId, out var backend)
            && await StopAsync(backend, new BackendRunRef(run.Id, run.Marker, keys), $"the run ended {run.Status.ToWire()} before the backend told that it has the job", cancellationToken).ConfigureAwait(false);
    }

    private async Task<int> StopAsync(BackendEntry backend, ISupportCleanup cleanup, string place, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> running;
        try
        {
            running = await RunningAsync(backend, cleanup, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException or HttpRequestException)
        {
            logger.LogWarning("The jobs of backend {BackendId} could not be listed: {Reason}", backend.Id, e.Message);
            return 0;
        }

        if (running.Count == 0)
        {
            return 0;
        }

        // The runs after the jobs: what was started meanwhile is in neither list, what was ended meanwhile is read once more.
        var active = (await store.ActiveAtAsync([place], cancellationToken).ConfigureAwait(false)).Select(r => r.Marker).ToHashSet(StringComparer.Ordinal);
        var stopped = 0;
        foreach (var page in running.Where(m => !active.Contains(m)).Chunk(PageSize))
        {
            var runs = (await store.FindByMarkerIdsAsync([.. page.Select(Run.MarkerIdOf).Distinct(StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false))
                .ToDictionary(r => r.MarkerId, StringComparer.Ordinal);
            foreach (var marker in page)
            {
                // A run that is not known may belong to another database: that its job goes on is nobody's harm here.
                if (runs.GetValueOrDefault(Run.MarkerIdOf(marker)) is { } run && (run.Status.IsFinal() || run.Marker != marker))
                {
                    var why = run.Marker == marker ? $"its run ended {run.Status.ToWire()}" : $"its run is at attempt {run.Attempt}";
                    stopped += await StopAsync(backend, new BackendRunRef(run.Id, marker, NoKeys), why, cancellationToken).ConfigureAwait(false) ? 1 : 0;
                }
            }
        }

        return stopped;
    }

    private async Task<IReadOnlyList<string>> RunningAsync(BackendEntry backend, ISupportCleanup cleanup, CancellationToken cancellationToken)
    {
        // Directories of files have the machine's time; a day ahead means "all".
        var kept = await cleanup.KeptAsync(clock.Time.GetUtcNow() + TimeSpan.FromDays(1), cancellationToken).ConfigureAwait(false);
        var running = new List<string>();
        foreach (var page in kept.Chunk(PageSize))
        {
            var reports = await ((ISupportStatus)backend.Adapter).GetStatusesAsync([.. page.Select(m => new BackendRunRef(0, m, NoKeys))], cancellationToken).ConfigureAwait(false);
            running.AddRange(reports.Where(r => r.State == BackendState.Running).Select(r => r.Marker));
        }

        return running;
    }

    private async Task<bool> StopAsync(BackendEntry backend, BackendRunRef job, string why, CancellationToken cancellationToken)
    {
        var outcome = await stopper.StopStrayAsync(backend, job, cancellationToken).ConfigureAwait(false);
        if (outcome.Asked)
        {
            logger.LogWarning("Run {RunId}: the job {Marker} still ran at {BackendId} although {Why}; it was stopped", job.RunId, job.Marker, backend.Id, why);
        }
        else
        {
            logger.LogError("Run {RunId}: the job {Marker} runs at {BackendId} although {Why}, and could not be stopped: {Reason}", job.RunId, job.Marker, backend.Id, why, outcome.Reason);
        }

        return outcome.Asked;
    }
}
