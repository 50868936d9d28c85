using System.Collections.Concurrent;
using Ascob.Core.Backends;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Locks;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Monitoring;

/// <summary>
/// The loops of the engine in this process: one follower for each backend, and one sweeper. Each loop runs at most once here; whoever drives them
/// (a Hangfire job, a watchdog) may call as often as it likes.
/// </summary>
public sealed class EngineLoops(
    BackendCatalog catalog,
    IRunStore store,
    RunFollower follower,
    Sweeper sweeper,
    LockService locks,
    ExpectedTimes expectedTimes,
    MonotonicClock clock,
    IOptions<EngineOptions> options,
    ILogger<EngineLoops> logger)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _lastTurn = new(StringComparer.Ordinal);
    private long? _counted;

    private readonly ConcurrentDictionary<string, TimeSpan> _gathering = new(StringComparer.Ordinal);

    /// <summary>The name of the sweeper's loop; the others are named by their backend.</summary>
    public const string SweeperLoop = "(sweeper)";

    /// <summary>Gets the names of all loops.</summary>
    public IReadOnlyList<string> Names => [SweeperLoop, .. catalog.Served.Select(b => b.Id)];

    /// <summary>Answers how long ago a loop did its last turn in this process; null for never.</summary>
    public TimeSpan? SinceLastTurn(string name) =>
        _lastTurn.TryGetValue(name, out var at) ? clock.Time.GetElapsedTime(at) : null;

    /// <summary>Drives a loop for some time, unless it is driven already: then it returns at once.</summary>
    public async Task DriveAsync(string name, TimeSpan window, CancellationToken cancellationToken)
    {
        if (name != SweeperLoop && !catalog.TryGet(name, out _))
        {
            // A job of another server, which has a backend that this one has not.
            return;
        }

        var turn = _turns.GetOrAdd(name, static _ => new SemaphoreSlim(1, 1));
        if (!await turn.WaitAsync(0, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            var begun = clock.Time.GetTimestamp();
            do
            {
                _lastTurn[name] = clock.Time.GetTimestamp();
                var rest = await TurnAsync(name, cancellationToken).ConfigureAwait(false);
                if (rest > TimeSpan.Zero)
                {
                    await Task.Delay(rest, clock.Time, cancellationToken).ConfigureAwait(false);
                }
            }
            while (clock.Time.GetElapsedTime(begun) < window);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<TimeSpan> TurnAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            if (name == SweeperLoop)
            {
                await CountAsync(cancellationToken).ConfigureAwait(false);
                var swept = await sweeper.SweepAsync(cancellationToken).ConfigureAwait(false);
                foreach (var away in catalog.OfWorkers.Where(w => w.Condition.Away is not null))
                {
                    // Nobody else tells what became of its runs.
                    swept += await follower.FollowDueAsync(away, cancellationToken).ConfigureAwait(false);
                }

                if (options.Value.OnlyBackend is null)
                {
                    await expectedTimes.LookAsync(cancellationToken).ConfigureAwait(false);
                }

                return swept > 0 ? TimeSpan.FromMilliseconds(50) : options.Value.SweepInterval;
            }

            if (!catalog.TryGet(name, out var backend))
            {
                return LongestRest;
            }

            if (backend.Condition.Paused is var pause && pause > TimeSpan.Zero)
            {
                return pause < LongestRest ? pause : LongestRest;
            }

            var followed = await follower.FollowDueAsync(backend, cancellationToken).ConfigureAwait(false);
            if (followed >= backend.Options.Poll.BatchSize)
            {
                return TimeSpan.Zero;
            }

            var next = await store.NextDueAsync(name, follower.LeftToOthers(backend), cancellationToken).ConfigureAwait(false);
            var rest = next is { } due ? due - clock.Now : LongestRest;
            var least = Gather(backend, followed);
            return rest < least ? least : rest > LongestRest ? LongestRest : rest;
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("Loop {Loop}: the store is not available: {Reason}", name, e.Message);
            return LongestRest;
        }
#pragma warning disable CA1031 // A loop never ends by a surprise; the next turn looks again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Loop {Loop} failed", name);
            return LongestRest;
        }
    }

    // How long the loop rests at least. While many runs come due one after the other it rests longer, up to a second, so that one request asks for many of them; it forgets that only
    // step by step, because runs come in waves. The few are not kept waiting.
    private TimeSpan Gather(BackendEntry backend, int followed)
    {
        var last = _gathering.GetValueOrDefault(backend.Id, ShortestRest);
        var many = Math.Max(2, backend.Options.Poll.BatchSize / 2);
        var next = followed >= many ? last : followed >= many / 10 ? last * 2 : last / 2;
        return _gathering[backend.Id] = next > LongestRest ? LongestRest : next < ShortestRest ? ShortestRest : next;
    }

    // The load that routing ranks by and the backend list shows; capacity itself is enforced by the store.
    private async Task CountAsync(CancellationToken cancellationToken)
    {
        if (_counted is { } last && clock.Time.GetElapsedTime(last) < CountInterval)
        {
            return;
        }

        _counted = clock.Time.GetTimestamp();
        await locks.CountAsync(cancellationToken).ConfigureAwait(false);
        var counts = await store.CountActiveAsync(cancellationToken).ConfigureAwait(false);
        foreach (var backend in catalog.All)
        {
            backend.Condition.Active = counts
                .Where(c => c.BackendId == backend.Id && c.Status is (RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting or RunStatus.InDoubt))
                .Sum(c => c.Count);
        }
    }
}
