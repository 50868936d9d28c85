using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Monitoring;

/// <summary>
/// Lets backends drop what they keep of runs that need it no more, where a crash came between the end of a run and the clean-up that follows it. Done twice or late it does no harm.
/// </summary>
public sealed class BackendLeftovers(BackendCatalog catalog, IRunStore store, MonotonicClock clock, ILogger<BackendLeftovers> logger)
{
    /// <summary>The time after which whatever else looks after an ended run has long done so.</summary>
    public static readonly TimeSpan SafeAge = TimeSpan.FromHours(1);

    private const int PageSize = 200;
    private const int MostAtOnce = 2000;

    private static readonly Dictionary<string, string> NoKeys = [];

    /// <summary>Cleans up what is left; answers of how many jobs.</summary>
    public async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        var cleaned = 0;
        foreach (var backend in catalog.Served)
        {
            if (backend.Adapter is ISupportCleanup cleanup)
            {
                cleaned += await CleanAsync(backend, cleanup, cancellationToken).ConfigureAwait(false);
            }
        }

        return cleaned;
    }

    private async Task<int> CleanAsync(BackendEntry backend, ISupportCleanup cleanup, CancellationToken cancellationToken)
    {
        var cleaned = 0;
        var tried = 0;
        foreach (var page in (await KeptAsync(backend, cleanup, cancellationToken).ConfigureAwait(false)).Chunk(PageSize).TakeWhile(_ => tried < MostAtOnce))
        {
            var runs = (await store.FindByMarkerIdsAsync([.. page.Select(Run.MarkerIdOf).Distinct(StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false))
                .ToDictionary(r => r.MarkerId, StringComparer.Ordinal);
            foreach (var marker in page.Where(m => IsLeft(m, runs.GetValueOrDefault(Run.MarkerIdOf(m)))))
            {
                tried++;
                var reference = new BackendRunRef(runs.GetValueOrDefault(Run.MarkerIdOf(marker))?.Id ?? 0, marker, NoKeys);
                cleaned += await TryCleanUpAsync(backend, cleanup, reference, cancellationToken).ConfigureAwait(false) ? 1 : 0;
            }
        }

        if (cleaned > 0)
        {
            logger.LogInformation("Backend {BackendId} dropped what it still kept of {Count} ended runs", backend.Id, cleaned);
        }

        return cleaned;
    }

    private async Task<IReadOnlyList<string>> KeptAsync(BackendEntry backend, ISupportCleanup cleanup, CancellationToken cancellationToken)
    {
        try
        {
            // The age is that of files of this machine, whose clock may be another one; the later deletion is the safe one.
            var machine = clock.Time.GetUtcNow();
            return await cleanup.KeptAsync((machine < clock.Now ? machine : clock.Now) - SafeAge, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsExpected(e))
        {
            logger.LogWarning("What backend {BackendId} keeps of runs could not be listed: {Reason}", backend.Id, e.Message);
            return [];
        }
    }

    private async Task<bool> TryCleanUpAsync(BackendEntry backend, ISupportCleanup cleanup, BackendRunRef run, CancellationToken cancellationToken)
    {
        try
        {
            await cleanup.CleanUpAsync(run, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (IsExpected(e))
        {
            logger.LogWarning("What backend {BackendId} keeps of {Marker} could not be dropped: {Reason}", backend.Id, run.Marker, e.Message);
            return false;
        }
    }

    private static bool IsExpected(Exception e) => e is IOException or HttpRequestException or TimeoutException or UnauthorizedAccessException;

    // Output that could not be archived is read at the backend for as long as the run is kept.
    private static bool IsLeft(string marker, Run? run) =>
        run is null || run.Marker != marker || (run.Status.IsFinal() && run.OutputArchived);
}
