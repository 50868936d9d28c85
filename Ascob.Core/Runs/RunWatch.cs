using Ascob.Core.Errors;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Runs;

/// <summary>
/// Tells those who wait in this process of changes that other servers made: one question for all runs that somebody waits for, and none while nobody waits. See
/// <c>docs/decisions/0013-waiting-across-servers.md</c>.
/// </summary>
public sealed class RunWatch(IRunVersions versions, RunSignals signals, MonotonicClock clock, ILogger<RunWatch> logger)
{
    /// <summary>The pause between two questions.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    // More than this part of the time the database is not kept busy by it, however many wait.
    private const int LargestShare = 4;

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>Looks until the server stops; at once where no other server can change anything.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (versions.IsShared && !cancellationToken.IsCancellationRequested)
        {
            var pause = await LookSafelyAsync(cancellationToken).ConfigureAwait(false);
            await Task.Delay(pause, clock.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks once; answers how many runs had changed.</summary>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        var awaited = signals.Awaited();
        if (awaited.Count == 0)
        {
            return 0;
        }

        var changed = await versions.ChangedAsync(awaited, cancellationToken).ConfigureAwait(false);
        foreach (var (id, version) in changed)
        {
            signals.Noticed(id, version);
        }

        return changed.Count;
    }

    private async Task<TimeSpan> LookSafelyAsync(CancellationToken cancellationToken)
    {
        var begun = clock.Time.GetTimestamp();
        try
        {
            await LookAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            logger.LogDebug("Changes by other servers could not be looked for: {Reason}", e.Message);
            return PauseAfterFailure;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }
#pragma warning disable CA1031 // Those who wait look for themselves now and then; the watch must not end by a surprise.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Changes by other servers could not be looked for");
            return PauseAfterFailure;
        }

        var rest = clock.Time.GetElapsedTime(begun) * (LargestShare - 1);
        return rest > Pause ? rest : Pause;
    }
}
