using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Output;

/// <summary>Takes the output of an ended job over into the archive, so that it stays when the backend forgets it.</summary>
public sealed class OutputArchiver(IOutputStore store, ILogger<OutputArchiver> logger)
{
    /// <summary>
    /// Archives all channels; true where the archive is complete. False where the backend has no output, keeps it itself, or could not be read: a run's end does not wait for its
    /// output for ever, and what the backend still has can be read there.
    /// </summary>
    public async Task<bool> TryArchiveAsync(Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        if (backend.Adapter is not ISupportOutput { KeepsOutput: false } source || run.BackendKeys is not { } keys)
        {
            return false;
        }

        var reference = new BackendRunRef(run.Id, run.Marker, keys);
        try
        {
            await store.ArchiveAsync(
                run.Id,
                run.Attempt,
                OutputChannels.Of(source),
                (channel, offset, ct) => source.ReadOutputAsync(reference, channel, offset, 256 * 1024, ct),
                cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException or UnauthorizedAccessException)
        {
            logger.LogWarning(e, "Run {RunId}: the output could not be archived", run.Id);
            return false;
        }
    }

    /// <summary>Lets the backend drop what it keeps of an ended job whose output is archived, or that has none.</summary>
    public async Task CleanUpAsync(Run run, BackendEntry backend, bool archived, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        if ((!archived && backend.Adapter is ISupportOutput) || backend.Adapter is not ISupportCleanup cleanup || run.BackendKeys is not { } keys)
        {
            return;
        }

        try
        {
            await cleanup.CleanUpAsync(new BackendRunRef(run.Id, run.Marker, keys), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException or UnauthorizedAccessException)
        {
            logger.LogWarning(e, "Run {RunId}: what the backend keeps of it could not be dropped", run.Id);
        }
    }
}
