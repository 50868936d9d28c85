using System.Globalization;
using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Notifications;

/// <summary>The use cases of subscriptions: who may have which, and what is stored of them.</summary>
public sealed class SubscriptionService(
    INotificationStore store,
    SubscriptionWatch watch,
    NotificationAttempts attempts,
    ISecretProtector protector,
    ReceiverAddresses addresses,
    MonotonicClock clock)
{
    /// <summary>The most subscriptions that people keep; those of other parts have bounds of their own.</summary>
    public const int Most = 10_000;

    /// <summary>Answers the subscriptions that a caller may see.</summary>
    public async Task<IReadOnlyList<Subscription>> ListAsync(Caller caller, CancellationToken cancellationToken) =>
        [.. (await store.SubscriptionsAsync(cancellationToken).ConfigureAwait(false)).All.Where(s => IsOf(s, caller))];

    /// <summary>Answers one subscription.</summary>
    public async Task<Result<Subscription>> FindAsync(long id, Caller caller, CancellationToken cancellationToken) =>
        (await ListAsync(caller, cancellationToken).ConfigureAwait(false)).FirstOrDefault(s => s.Id == id) is { } found ? found : NoSuch(id);

    /// <summary>
    /// Makes a subscription. It is answered when every server of the database knows of it, or has every event written because it knows of nothing new: an event after the answer is not missed.
    /// </summary>
    public async Task<Result<MadeSubscription>> AddAsync(SubscriptionRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        if (Check(request, null, caller) is { } refusal)
        {
            return refusal;
        }

        if ((await store.SubscriptionsAsync(cancellationToken).ConfigureAwait(false)).All.Count(s => s.Source is null) >= Most)
        {
            return new Error(ErrorKind.Conflict, "subscription.too_many", $"There are {Most} subscriptions already; one subscription with a wider filter does the work of many.");
        }

        var secrets = SubscriptionFilling.Secrets(request, null);
        var now = clock.Now;
        var empty = new Subscription { Id = 0, Name = string.Empty, Kind = request.Kind!, Events = NoticeKinds.None, CreatedAt = now, CreatedBy = caller.Actor, ChangedAt = now };
        var added = await store.AddAsync(SubscriptionFilling.Fill(empty, request, secrets, protector), cancellationToken).ConfigureAwait(false);
        await KnownEverywhereAsync(cancellationToken).ConfigureAwait(false);
        return new MadeSubscription(added, request.Secret is null ? secrets.Secret : null);
    }

    /// <summary>Replaces a subscription. Its secrets stay where the request has none and the kind is the same.</summary>
    public async Task<Result<Subscription>> ReplaceAsync(long id, SubscriptionRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        while (true)
        {
            var found = await FindAsync(id, caller, cancellationToken).ConfigureAwait(false);
            if (!found.IsSuccess)
            {
                return found;
            }

            if (found.Value.Source is { } keeper)
            {
                return KeptBy(keeper);
            }

            var replaced = await TryReplaceAsync(found.Value, request, caller, cancellationToken).ConfigureAwait(false);
            if (replaced is { } result)
            {
                return result;
            }

            // Somebody else changed it meanwhile: once more, with what it is now.
        }
    }

    /// <summary>Deletes a subscription with all that waits for its receiver.</summary>
    public async Task<Result<Subscription>> DeleteAsync(long id, Caller caller, CancellationToken cancellationToken)
    {
        var found = await FindAsync(id, caller, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found;
        }

        if (found.Value.Source is { } keeper)
        {
            return KeptBy(keeper);
        }

        if (!await store.DeleteAsync(id, cancellationToken).ConfigureAwait(false))
        {
            return NoSuch(id);
        }

        await watch.LookAsync(cancellationToken).ConfigureAwait(false);
        return found;
    }

    /// <summary>Sends a test message and answers what became of it. Switched off subscriptions are tested too.</summary>
    public async Task<Result<TestNotificationResponse>> TestAsync(long id, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var found = await FindAsync(id, caller, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        var now = clock.Now;
        var sample = new Notice
        {
            RunId = 0,
            Seq = 1,
            Kind = NoticeKinds.Finished,
            At = now,
            Facts = new NoticeFacts { Status = RunStatus.Succeeded, Reason = $"a test by {caller.Actor}", Description = "Test of a notification", DefinedAt = now, EndedAt = now },
        };
        var eventId = $"evt_test_{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        var begun = clock.Time.GetTimestamp();
        var outcome = await attempts.SendAsync(found.Value, sample, eventId, cancellationToken).ConfigureAwait(false);
        return new TestNotificationResponse(outcome.Result == SendResult.Delivered, eventId, outcome.Reason, (long)clock.Time.GetElapsedTime(begun).TotalMilliseconds);
    }

    /// <summary>Answers whether a caller may see what a subscription sees: one that is bound to submitters may have those only that are bound to the same.</summary>
    internal static bool IsOf(Subscription subscription, Caller caller) =>
        caller.Submitters is null || (subscription.Filter.Submitters is { Count: > 0 } submitters && submitters.All(caller.MaySee));

    private static Error NoSuch(long id) => new(ErrorKind.NotFound, "subscription.not_found", string.Create(CultureInfo.InvariantCulture, $"There is no subscription {id}."));

    private static Error KeptBy(string source) => new(ErrorKind.Conflict, "subscription.kept", $"This subscription is kept by {source}; change it there.");

    private async Task<Result<Subscription>?> TryReplaceAsync(Subscription before, SubscriptionRequest request, Caller caller, CancellationToken cancellationToken)
    {
        var old = before.Kind == request.Kind ? Reveal(before) : null;
        if (Check(request, old, caller) is { } refusal)
        {
            return refusal;
        }

        var after = SubscriptionFilling.Fill(before with { DisabledReason = null, ChangedAt = Later(before.ChangedAt) }, request, SubscriptionFilling.Secrets(request, old), protector);
        if (!await store.ReplaceAsync(after, before.ChangedAt, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        await KnownEverywhereAsync(cancellationToken).ConfigureAwait(false);

        // What waits does so because of the receiver that it was.
        await store.HurryAsync(after.Id, clock.Now, cancellationToken).ConfigureAwait(false);
        return after;
    }

    // The time of a change is its version, so two changes never have the same.
    private DateTimeOffset Later(DateTimeOffset before)
    {
        var now = clock.Now;
        return now > before ? now : before.AddMicroseconds(1);
    }

    private ReceiverSecrets? Reveal(Subscription subscription)
    {
        try
        {
            return SubscriptionFilling.Reveal(subscription, protector);
        }
        catch (CryptographicException)
        {
            // Stored with another key: the address and the secret must be given anew, and the rules say so.
            return null;
        }
    }

    private Error? Check(SubscriptionRequest request, ReceiverSecrets? old, Caller caller)
    {
        var errors = SubscriptionRules.Check(request, old, addresses.IsInside);
        if (errors.Count > 0)
        {
            return Error.Invalid(errors);
        }

        return caller.Submitters is null || (request.Filter?.Submitters is { Count: > 0 } submitters && submitters.All(caller.MaySee))
            ? null
            : new Error(ErrorKind.Forbidden, "submitter.forbidden", "This token may be told of its own submitters only; name them in filter.submitters.");
    }

    private async Task KnownEverywhereAsync(CancellationToken cancellationToken)
    {
        await watch.LookAsync(cancellationToken).ConfigureAwait(false);
        if (addresses.IsShared)
        {
            await Task.Delay(NoticeInterest.Trust, clock.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>A new subscription.</summary>
/// <param name="Subscription">It.</param>
/// <param name="Secret">The secret that was made for it; null where it was given or there is none.</param>
public sealed record MadeSubscription(Subscription Subscription, string? Secret);

/// <summary>What the service of subscriptions must know of its surroundings.</summary>
/// <param name="IsInside">Whether a host is inside the house by its very spelling, and not allowed.</param>
/// <param name="IsShared">Whether other processes may write runs into the same database.</param>
public sealed record ReceiverAddresses(Func<string, bool> IsInside, bool IsShared);
