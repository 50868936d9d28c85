using System.Globalization;
using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Notifications;

/// <summary>Makes single attempts, and writes down what became of them.</summary>
public sealed class NotificationAttempts(
    INotificationStore store,
    IEnumerable<INotificationSender> senders,
    IDefinitionStore definitions,
    ISecretProtector protector,
    Backoff backoff,
    IOptions<NotificationOptions> options,
    IOptions<EngineOptions> engine,
    NotificationMetrics metrics,
    MonotonicClock clock,
    ILogger<NotificationAttempts> logger)
{
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(1);

    private readonly Dictionary<string, INotificationSender> _senders = senders.ToDictionary(s => s.Kind, StringComparer.Ordinal);

    /// <summary>Sends a claimed delivery and ends its attempt. Answers what became of it; null where it was left alone because its lease is nearly over.</summary>
    public async Task<SendOutcome?> MakeAsync(Subscription subscription, Delivery delivery, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(delivery);
        if (delivery.LeaseUntil is not { } until || clock.Now + options.Value.Timeout > until)
        {
            // Held up since it was claimed: another server may take it before this attempt would be over.
            return null;
        }

        var outcome = await SendAsync(subscription, delivery.Notice, delivery.Notice.EventId, cancellationToken).ConfigureAwait(false);
        if (cancellationToken.IsCancellationRequested && outcome.Result == SendResult.Retry)
        {
            // The server stops, which is no fault of the receiver; the lease is given back, or ends.
            return null;
        }

        var (state, at, reason) = Judge(delivery, outcome);
        if (!await store.EndAttemptAsync(delivery, state, at, reason, CancellationToken.None).ConfigureAwait(false))
        {
            logger.LogWarning("Delivery {Delivery} was taken over by another server while it was sent; it may arrive twice, with the same id", delivery.Key);
        }

        if (state == DeliveryState.Delivered)
        {
            metrics.Delivered(subscription.Kind, clock.Now - delivery.Notice.At);
        }

        if (outcome.Result == SendResult.Gone)
        {
            await SwitchOffAsync(subscription, outcome.Reason ?? "the receiver is gone").ConfigureAwait(false);
        }

        return outcome;
    }

    /// <summary>Sends a message once and answers what became of it; nothing is written down.</summary>
    public async Task<SendOutcome> SendAsync(Subscription subscription, Notice notice, string eventId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(notice);
        using var trace = AscobMetrics.Traces.StartActivity("notification.send", System.Diagnostics.ActivityKind.Client);
        trace?.SetTag("ascob.notification.kind", subscription.Kind).SetTag("ascob.notification.subscription", subscription.Id).SetTag("ascob.run.id", notice.RunId);
        var begun = clock.Time.GetTimestamp();
        var outcome = await TrySendAsync(subscription, notice, eventId, cancellationToken).ConfigureAwait(false);
        metrics.Attempt(subscription.Kind, outcome.Result, clock.Time.GetElapsedTime(begun));
        if (outcome.Result != SendResult.Delivered)
        {
            trace?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, outcome.Reason);
        }

        return outcome;
    }

    private async Task<SendOutcome> TrySendAsync(Subscription subscription, Notice notice, string eventId, CancellationToken cancellationToken)
    {
        if (!_senders.TryGetValue(subscription.Kind, out var sender))
        {
            return SendOutcome.Retry($"this server knows no receivers of the kind '{subscription.Kind}'");
        }

        using var limit = new CancellationTokenSource(options.Value.Timeout, clock.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var message = new OutgoingNotice(subscription, Reveal(subscription), notice, eventId, clock.Now, engine.Value.PublicUrl)
            {
                Definition = await DefinitionAsync(subscription, notice.Facts, both.Token).ConfigureAwait(false),
            };
            var outcome = await sender.SendAsync(message, both.Token).ConfigureAwait(false);
            return outcome.RetryAfter > LongestRetryAfter ? outcome with { RetryAfter = LongestRetryAfter } : outcome;
        }
        catch (OperationCanceledException)
        {
            return SendOutcome.Retry(string.Create(CultureInfo.InvariantCulture, $"no answer within {options.Value.Timeout.TotalSeconds:0.#} s"));
        }
        catch (CryptographicException)
        {
            return SendOutcome.Retry("the subscription's secrets were stored with another encryption key; enter them again");
        }
        catch (StoreUnavailableException)
        {
            return SendOutcome.Retry("the database was away");
        }
#pragma warning disable CA1031 // A sender that throws has a bug; the message is not lost by it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "A message of the kind {Kind} could not be sent", subscription.Kind);
            return SendOutcome.Retry("the message could not be made or sent; the server's log says why");
        }
    }

    // Read when it is sent: in each notice it would be written at every event, and few forms tell of it.
    private async Task<DefinitionContent?> DefinitionAsync(Subscription subscription, NoticeFacts facts, CancellationToken cancellationToken) =>
        subscription.Kind == ReceiverKinds.Kuroko2 && facts is { DefinitionId: { } id, DefinitionVersion: { } version }
            ? (await definitions.FindVersionAsync(id, version, cancellationToken).ConfigureAwait(false))?.Content
            : null;

    private ReceiverSecrets Reveal(Subscription subscription) => SubscriptionFilling.Reveal(subscription, protector) ?? new ReceiverSecrets();

    private (DeliveryState State, DateTimeOffset At, string? Reason) Judge(Delivery delivery, SendOutcome outcome)
    {
        var now = clock.Now;
        switch (outcome.Result)
        {
            case SendResult.Delivered:
                return (DeliveryState.Delivered, now, outcome.Reason);
            case SendResult.Dead:
            case SendResult.Gone:
                return (DeliveryState.Dead, now, outcome.Reason);
        }

        var pause = backoff.Exponential(options.Value.FirstRetry, options.Value.LongestRetry, delivery.Attempts - 1);
        if (outcome.RetryAfter > pause)
        {
            pause = backoff.AtLeast(outcome.RetryAfter.Value);
        }

        return now + pause > delivery.Since + options.Value.GiveUpAfter
            ? (DeliveryState.Dead, now, string.Create(CultureInfo.InvariantCulture, $"given up after {delivery.Attempts} attempts: {outcome.Reason}"))
            : (DeliveryState.Pending, now + pause, outcome.Reason);
    }

    private async Task SwitchOffAsync(Subscription subscription, string reason)
    {
        var now = clock.Now;
        var off = subscription with { Enabled = false, DisabledReason = reason, ChangedAt = now };
        if (await store.ReplaceAsync(off, subscription.ChangedAt, CancellationToken.None).ConfigureAwait(false))
        {
            logger.LogWarning("Subscription {Subscription} was switched off: {Reason}", subscription.Id, reason);
            await store.GiveUpAsync(subscription.Id, now, $"the subscription was switched off: {reason}", CancellationToken.None).ConfigureAwait(false);
        }
    }
}
