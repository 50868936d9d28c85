using System.Security.Cryptography;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Timing;

namespace Ascob.Core.Notifications;

/// <summary>
/// Keeps subscriptions for another part, which knows by itself what they should be: the hooks of a repository, the addresses of a definition of kuroko2. People see them and test them, and change them there. May be asked at any time
/// and as often as one likes; what is as it should be is left alone.
/// </summary>
public sealed class SubscriptionKeeper(INotificationStore store, SubscriptionWatch watch, ISecretProtector protector, ReceiverAddresses addresses, MonotonicClock clock) : IDisposable
{
    private const int MostAttempts = 5;

    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>
    /// Makes the subscriptions of a source those that are wanted, by name: new ones are added, others changed or deleted. One that was switched off because its receiver is gone stays so until it is changed. Answers what is wrong with those
    /// that cannot be kept, by name; the others are kept all the same. Like every change, it is answered when every server of the database knows of it: an event after the answer is not missed.
    /// </summary>
    /// <param name="source">Who keeps them, such as <c>kuroko2 definition 12</c>; shown to people.</param>
    /// <param name="wanted">What they should be; names differ.</param>
    /// <param name="actor">Who caused it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreUnavailableException">Somebody else changed one of them each time; asked again, it goes on where it was.</exception>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<FieldError>>> KeepAsync(
        string source, IReadOnlyList<SubscriptionRequest> wanted, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(wanted);
        var changes = new Changes();
        IReadOnlyDictionary<string, IReadOnlyList<FieldError>>? wrong = null;
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Somebody else may change one meanwhile, such as who switches it off because its receiver is gone: then once more, with what it is now.
            for (var attempt = 0; wrong is null && attempt < MostAttempts; attempt++)
            {
                wrong = await TryKeepAsync(source, wanted, actor, changes, cancellationToken).ConfigureAwait(false);
            }

            await watch.LookAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }

        if (changes.Any && addresses.IsShared)
        {
            await Task.Delay(NoticeInterest.Trust, clock.Time, cancellationToken).ConfigureAwait(false);
        }

        // What waits does so because of the receiver that it was.
        foreach (var id in changes.Replaced)
        {
            await store.HurryAsync(id, clock.Now, cancellationToken).ConfigureAwait(false);
        }

        return wrong ?? throw new StoreUnavailableException($"The subscriptions of {source} are changed by somebody else all the time.");
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    // Null where somebody else was faster.
    private async Task<IReadOnlyDictionary<string, IReadOnlyList<FieldError>>?> TryKeepAsync(
        string source, IReadOnlyList<SubscriptionRequest> wanted, string actor, Changes changes, CancellationToken cancellationToken)
    {
        var wrong = new Dictionary<string, IReadOnlyList<FieldError>>(StringComparer.Ordinal);
        var set = await store.SubscriptionsAsync(cancellationToken).ConfigureAwait(false);
        var there = set.All.Where(s => s.Source == source).GroupBy(s => s.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);
        foreach (var request in wanted)
        {
            var name = request.Name?.Trim() ?? string.Empty;
            var now = there.Remove(name, out var found) ? found[0] : null;
            foreach (var twin in found?.Skip(1) ?? [])
            {
                await store.DeleteAsync(twin.Id, cancellationToken).ConfigureAwait(false);
            }

            if (await KeepAsync(now, request, source, actor, changes, cancellationToken).ConfigureAwait(false) is not { } errors)
            {
                return null;
            }

            if (errors.Count > 0)
            {
                wrong[name] = errors;
            }
        }

        foreach (var gone in there.Values.SelectMany(s => s))
        {
            await store.DeleteAsync(gone.Id, cancellationToken).ConfigureAwait(false);
        }

        return wrong;
    }

    private async Task<IReadOnlyList<FieldError>?> KeepAsync(
        Subscription? now, SubscriptionRequest request, string source, string actor, Changes changes, CancellationToken cancellationToken)
    {
        var old = now is not null && now.Kind == request.Kind ? Reveal(now) : null;
        var errors = SubscriptionRules.Check(request, old, addresses.IsInside);
        if (errors.Count > 0)
        {
            // What was there before is no longer wanted either.
            if (now is not null)
            {
                await store.DeleteAsync(now.Id, cancellationToken).ConfigureAwait(false);
            }

            return errors;
        }

        var at = clock.Now;
        var secrets = SubscriptionFilling.Secrets(request, old, kept: true);
        var empty = new Subscription { Id = 0, Name = string.Empty, Kind = request.Kind!, Events = NoticeKinds.None, CreatedAt = at, CreatedBy = actor, ChangedAt = at, Source = source };
        var wanted = SubscriptionFilling.Fill(now ?? empty, request, secrets, protector);
        if (now is null)
        {
            await store.AddAsync(wanted, cancellationToken).ConfigureAwait(false);
            changes.Any = true;
        }
        else if (!IsSame(now, old, wanted, secrets))
        {
            var after = wanted with { DisabledReason = null, ChangedAt = at > now.ChangedAt ? at : now.ChangedAt.AddMicroseconds(1) };
            if (!await store.ReplaceAsync(after, now.ChangedAt, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            changes.Any = true;
            changes.Replaced.Add(now.Id);
        }

        return [];
    }

    // The encrypted text differs each time, so what it says is compared.
    private static bool IsSame(Subscription now, ReceiverSecrets? old, Subscription wanted, ReceiverSecrets secrets) =>
        (now.Kind, now.Events) == (wanted.Kind, wanted.Events)
        && (now.Enabled == wanted.Enabled || now.DisabledReason is not null)
        && Text(now.Filter) == Text(wanted.Filter)
        && Text(now.Receiver) == Text(wanted.Receiver)
        && Text(old) == Text(secrets);

    private static string Text<T>(T value) => JsonSerializer.Serialize(value, AscobJson.Options);

    private ReceiverSecrets? Reveal(Subscription subscription)
    {
        try
        {
            return SubscriptionFilling.Reveal(subscription, protector);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private sealed class Changes
    {
        public bool Any { get; set; }

        public HashSet<long> Replaced { get; } = [];
    }
}
