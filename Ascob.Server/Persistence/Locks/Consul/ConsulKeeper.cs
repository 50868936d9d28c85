using System.Collections.Concurrent;
using Ascob.Core.Errors;
using Ascob.Core.Locks;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>
/// The loops beside the grants: one renews the session, one watches the locks, one compares what is kept with what Consul has, one tries again what no event tells of. None of them ends by a surprise.
/// </summary>
internal sealed class ConsulKeeper(
    ConsulClient client,
    ConsulSession session,
    ConsulSessions sessions,
    ConsulView view,
    ConsulLink link,
    ConsulUpkeep upkeep,
    LockStore rows,
    LockSignals signals,
    IOptions<ConsulOptions> options,
    MonotonicClock clock,
    ILogger<ConsulKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan AwayPause = TimeSpan.FromMilliseconds(500);

    // A change of ours comes back as a change to look at; many of them are looked at together.
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly ConcurrentDictionary<string, byte> _letGo = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _retries = new(StringComparer.Ordinal);
    private volatile bool _mended;
    private volatile Action? _lookAnew;

    /// <summary>Notes locks that no run holds any more as far as the caller knows; they are given back soon.</summary>
    public void LetGo(IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            _letGo[key] = 0;
        }

        Wake();
    }

    /// <summary>Has the waiters of these locks tried again soon.</summary>
    public void RetrySoon(IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            _retries[key] = 0;
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await GuardAsync("leave", () => upkeep.LeaveAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        link.Mended += OnMended;
        try
        {
            await Task.WhenAll(RenewAsync(stoppingToken), WatchAsync(stoppingToken), KeepAsync(stoppingToken), RetryAsync(stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            link.Mended -= OnMended;
        }
    }

    private void OnMended()
    {
        _mended = true;
        LookAnew();
        Wake();
    }

    // A question that waits for a change may wait at an agent that is cut off from the others, while what it shows is long out of date.
    private void LookAnew()
    {
        try
        {
            _lookAnew?.Invoke();
        }
        catch (ObjectDisposedException)
        {
            // The watch has begun anew by itself.
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var before = session.Id;
            await GuardAsync("renew", () => session.RenewAsync(cancellationToken));
            if (before is not null && session.Id != before)
            {
                LookAnew();
                Wake();
            }

            var pause = options.Value.SessionTtl / 3;
            await Task.Delay(link.IsAway || session.Id is null ? Shorter(pause, AwayPause) : pause, clock.Time, cancellationToken);
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var index = 0L;
        while (!cancellationToken.IsCancellationRequested)
        {
            var next = 0L;
            using (var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                _lookAnew = watching.Cancel;
                try
                {
                    await GuardAsync("watch", async () => next = await WatchOnceAsync(index, watching.Token));
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    // Asked for anew, from the beginning.
                }
            }

            // Index 0 never waits for a change: it would be asked for without end.
            await Task.Delay(next == 0 ? AwayPause : Breath, clock.Time, cancellationToken);
            index = next;
        }
    }

    // Answers the index to go on from; 0 to start over.
    private async Task<long> WatchOnceAsync(long index, CancellationToken cancellationToken)
    {
        var answer = await client.ListAsync(index, cancellationToken);
        if (!answer.IsValue || answer.Value is not { } listing)
        {
            return 0;
        }

        // Consul was set up anew, perhaps while it did not answer for long: nothing seen before has an index that means anything.
        if (listing.Index < Math.Max(index, view.Index))
        {
            view.Clear();
            return 0;
        }

        if (listing.Index == index)
        {
            return index;
        }

        var freed = view.Replace(listing, options.Value.KeyPrefix);
        signals.Freed(freed.Where(f => !sessions.IsKnownAsOurs(f.Session)).Select(f => f.Name));

        // A change of this server's own locks is no news.
        if (freed.Count > 0 || listing.Keys.Any(k => k.Session is not null && k.Session != session.Id))
        {
            Wake();
        }

        return listing.Index;
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await _wake.WaitAsync(Shorter(options.Value.KeepInterval, options.Value.SessionTtl), cancellationToken);
            if (_mended)
            {
                _mended = false;
                await GuardAsync("wake", () => WakeWaitersAsync(cancellationToken));
            }

            if (!link.IsAway)
            {
                var let = _letGo.Keys.ToHashSet(StringComparer.Ordinal);
                await GuardAsync("keep", () => upkeep.TurnAsync(let, cancellationToken));
                foreach (var key in let)
                {
                    _letGo.TryRemove(key, out _);
                }
            }

            await Task.Delay(options.Value.KeepInterval / 10, clock.Time, cancellationToken);
        }
    }

    private async Task RetryAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(options.Value.DelayRetry, clock.Time, cancellationToken);
            foreach (var key in _retries.Keys)
            {
                _retries.TryRemove(key, out _);
                signals.Freed([key]);
            }
        }
    }

    private async Task WakeWaitersAsync(CancellationToken cancellationToken) =>
        signals.Freed((await rows.ListAsync(cancellationToken)).Where(l => l.Waiters.Count > 0).Select(l => l.Key));

    private async Task GuardAsync(string what, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("Locks in Consul ({Work}): the store is not available: {Reason}", what, e.Message);
        }
#pragma warning disable CA1031 // A loop never ends by a surprise; the next turn looks again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Locks in Consul: {Work} failed", what);
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
