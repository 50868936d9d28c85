using System.Collections.Concurrent;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Notifications;

/// <summary>
/// Delivers. Each receiver has a lane of its own, so that one that is slow or away holds up nobody else; a lane that fails is probed with one message at a time until the receiver is back. Several servers deliver
/// side by side: a lease keeps a message with one of them, and a message waits for those of the same run before it.
/// </summary>
public sealed class NotificationEngine(
    INotificationStore store,
    NoticePlanner planner,
    SubscriptionWatch watch,
    NotificationAttempts attempts,
    ServerIdentity server,
    Backoff backoff,
    IOptions<NotificationOptions> options,
    MonotonicClock clock,
    ILogger<NotificationEngine> logger) : IDisposable
{
    // However long the pauses of single messages have grown, a receiver that is back is found out within about this time.
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan HurryPause = TimeSpan.FromMinutes(10);

    // One message that a receiver cannot digest is no sign that the receiver is away; nothing but failures is.
    private const int FailuresOfOneThatIsAway = 3;

    private readonly ConcurrentDictionary<long, ReceiverLane> _lanes = new();

    // All connections of the process come out of one purse, also those of its API. Receivers that are away hold theirs until the time limit, so they have a purse of their own and take nothing from those that answer.
    private readonly SemaphoreSlim _answering = new(options.Value.MaxReceiversAtOnce);
    private readonly SemaphoreSlim _away = new(Math.Max(1, options.Value.MaxReceiversAtOnce / 4));

    private NotificationOptions Options { get; } = options.Value;

    /// <inheritdoc/>
    public void Dispose()
    {
        _answering.Dispose();
        _away.Dispose();
    }

    /// <summary>Plans what has happened, and sets every receiver's lane going that has something to deliver. Answers the work of the lanes, which goes on by itself.</summary>
    public async Task<IReadOnlyList<Task>> TurnAsync(CancellationToken cancellationToken)
    {
        await planner.PlanAsync(cancellationToken).ConfigureAwait(false);
        var now = clock.Now;
        var under = new List<Task>();
        var set = await watch.LookAsync(cancellationToken).ConfigureAwait(false);
        foreach (var id in await store.ReadyAsync(now, cancellationToken).ConfigureAwait(false))
        {
            var lane = _lanes.GetOrAdd(id, static _ => new ReceiverLane());
            if (lane.Work.IsCompleted && set.Find(id) is { } subscription)
            {
                lane.Serve(subscription.ChangedAt);
                if (lane.PausedUntil <= now)
                {
                    lane.Work = Task.Run(() => DrainAsync(subscription, lane, cancellationToken), CancellationToken.None);
                }
            }

            under.Add(lane.Work);
        }

        foreach (var (id, lane) in _lanes.Where(l => l.Value.Work.IsCompleted && set.Find(l.Key) is null))
        {
            _lanes.TryRemove(new KeyValuePair<long, ReceiverLane>(id, lane));
        }

        return under;
    }

    /// <summary>Waits for all that is under way, then gives back what was claimed and not sent.</summary>
    public async Task StopAsync()
    {
        await Task.WhenAll(_lanes.Values.Select(l => l.Work)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await store.ReleaseLeasesAsync(server.LeaseOwner, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task DrainAsync(Subscription subscription, ReceiverLane lane, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested && lane.PausedUntil <= clock.Now)
            {
                // Before anything is claimed: what waits here has no lease that could end meanwhile.
                var isAway = lane.Failures >= FailuresOfOneThatIsAway;
                var places = isAway ? _away : _answering;
                await places.WaitAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    if (!await SendSomeAsync(subscription, lane, isAway ? 1 : Options.MaxConcurrentPerReceiver, cancellationToken).ConfigureAwait(false))
                    {
                        return;
                    }
                }
                finally
                {
                    places.Release();
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("Notifications to subscription {Subscription} wait for the database: {Reason}", subscription.Id, e.Message);
        }
#pragma warning disable CA1031 // One receiver's lane must not end the others; what it had in hand comes back when the leases end.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Notifications to subscription {Subscription} were interrupted", subscription.Id);
        }
    }

    // Answers whether there may be more to do.
    private async Task<bool> SendSomeAsync(Subscription subscription, ReceiverLane lane, int limit, CancellationToken cancellationToken)
    {
        if (!await IsStillAsync(subscription, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var now = clock.Now;
        var claimed = await store.ClaimAsync(subscription.Id, server.LeaseOwner, now, now + Options.Lease, limit, cancellationToken).ConfigureAwait(false);
        if (claimed.Count == 0)
        {
            return false;
        }

        var results = await Task.WhenAll(claimed.Select(d => attempts.MakeAsync(subscription, d, cancellationToken))).ConfigureAwait(false);
        await JudgeAsync(subscription, lane, results, cancellationToken).ConfigureAwait(false);
        return !Array.Exists(results, r => r?.Result == SendResult.Gone);
    }

    // After a change nothing more may go to the old address with the old secret, however long the lane has been busy; the next turn begins with what it is then.
    private async Task<bool> IsStillAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        var set = await watch.LookAsync(cancellationToken).ConfigureAwait(false);
        return set.Find(subscription.Id) is { Enabled: true } now && now.ChangedAt == subscription.ChangedAt;
    }

    private async Task JudgeAsync(Subscription subscription, ReceiverLane lane, SendOutcome?[] results, CancellationToken cancellationToken)
    {
        var made = results.OfType<SendOutcome>().ToList();
        if (made.Exists(r => r.Result is SendResult.Delivered or SendResult.Dead))
        {
            // It answers: what waited for a later time because it did not may go now. Another process, or an earlier life of this one, may have made it wait, so that is looked after from time to time in any case.
            var wasAway = lane.Failures >= FailuresOfOneThatIsAway;
            lane.Failures = 0;
            var now = clock.Now;
            if (wasAway || lane.HurriedAt is not { } hurried || now - hurried >= HurryPause)
            {
                lane.HurriedAt = now;
                await store.HurryAsync(subscription.Id, now, cancellationToken).ConfigureAwait(false);
            }

            if (wasAway)
            {
                logger.LogInformation("The receiver of subscription {Subscription} answers again", subscription.Id);
            }
        }
        else if (made.Count > 0)
        {
            lane.Failures++;
            if (lane.Failures >= FailuresOfOneThatIsAway)
            {
                lane.PausedUntil = clock.Now + backoff.Exponential(Options.FirstRetry, LongestPause, lane.Failures - FailuresOfOneThatIsAway);
            }

            if (lane.Failures == FailuresOfOneThatIsAway)
            {
                logger.LogWarning("Subscription {Subscription} ({Kind}) could not be served: {Reason}", subscription.Id, subscription.Kind, made[0].Reason);
            }
        }

        if (made.Max(r => r.RetryAfter) is { } wanted && clock.Now + wanted > lane.PausedUntil)
        {
            lane.PausedUntil = clock.Now + wanted;
        }
    }
}
