using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Timing;

namespace Ascob.Core.Notifications;

/// <summary>
/// What the subscriptions of a source must become, for parts that know by themselves what they should be: the hooks of a repository, the addresses of a definition of kuroko2. What is as it should be is left alone.
/// </summary>
public sealed class KeptSubscriptions(ISecretProtector protector, ReceiverAddresses addresses, MonotonicClock clock)
{
    private const string DefinitionPrefix = "kuroko2 definition ";

    /// <summary>Answers the source of the subscriptions that belong to a definition, and go with it.</summary>
    public static string SourceOf(long definitionId) => string.Create(CultureInfo.InvariantCulture, $"{DefinitionPrefix}{definitionId}");

    /// <summary>Answers the definition that a subscription of a source belongs to; null where it belongs to none.</summary>
    public static long? DefinitionOf(string? source) =>
        source?.StartsWith(DefinitionPrefix, StringComparison.Ordinal) == true && long.TryParse(source.AsSpan(DefinitionPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>Answers what is wrong with a subscription that is to be new.</summary>
    public IReadOnlyList<FieldError> Check(SubscriptionRequest request) => SubscriptionRules.Check(request, null, addresses.IsInside);

    /// <summary>
    /// Compares by name what is wanted with what is there: new ones are added, others changed or deleted. One that was switched off because its receiver is gone stays so until it is changed. What is wrong with those that
    /// cannot be kept is answered by name; the others are kept all the same.
    /// </summary>
    /// <param name="source">Who keeps them; shown to people.</param>
    /// <param name="wanted">What they should be; names differ. One without address or secret keeps those that are there.</param>
    /// <param name="there">What is there of the source.</param>
    /// <param name="actor">Who caused it.</param>
    public (SubscriptionChanges Changes, IReadOnlyDictionary<string, IReadOnlyList<FieldError>> Wrong) Plan(
        string source, IReadOnlyList<SubscriptionRequest> wanted, IReadOnlyList<Subscription> there, string actor)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(there);
        var wrong = new Dictionary<string, IReadOnlyList<FieldError>>(StringComparer.Ordinal);
        var added = new List<Subscription>();
        var replaced = new List<Subscription>();
        var stay = new HashSet<long>();
        foreach (var request in wanted)
        {
            var name = request.Name?.Trim() ?? string.Empty;
            var now = there.FirstOrDefault(s => s.Name == name);
            var old = now is not null && now.Kind == request.Kind ? TryReveal(now) : null;
            var errors = SubscriptionRules.Check(request, old, addresses.IsInside);
            if (errors.Count > 0)
            {
                // What was there before is no longer wanted either.
                wrong[name] = errors;
                continue;
            }

            var at = clock.Now;
            var secrets = SubscriptionFilling.Secrets(request, old, kept: true);
            var empty = new Subscription { Id = 0, Name = string.Empty, Kind = request.Kind!, Events = NoticeKinds.None, CreatedAt = at, CreatedBy = actor, ChangedAt = at, Source = source };
            var filled = SubscriptionFilling.Fill(now ?? empty, request, secrets, protector);
            if (now is null)
            {
                added.Add(filled);
                continue;
            }

            stay.Add(now.Id);
            if (!IsSame(now, old, filled, secrets))
            {
                replaced.Add(filled with { DisabledReason = null, ChangedAt = Later(now, at) });
            }
        }

        return (new SubscriptionChanges(added, replaced, [.. there.Where(s => !stay.Contains(s.Id)).Select(s => s.Id)]), wrong);
    }

    /// <summary>Reads the secrets of a subscription; null where it has none, or they were stored with another key.</summary>
    public ReceiverSecrets? TryReveal(Subscription subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        try
        {
            return SubscriptionFilling.Reveal(subscription, protector);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // The time of a change is its version, so two changes never have the same.
    private static DateTimeOffset Later(Subscription now, DateTimeOffset at) => at > now.ChangedAt ? at : now.ChangedAt.AddMicroseconds(1);

    // The encrypted text differs each time, so what it says is compared.
    private static bool IsSame(Subscription now, ReceiverSecrets? old, Subscription wanted, ReceiverSecrets secrets) =>
        (now.Kind, now.Events) == (wanted.Kind, wanted.Events)
        && (now.Enabled == wanted.Enabled || now.DisabledReason is not null)
        && Text(now.Filter) == Text(wanted.Filter)
        && Text(now.Receiver) == Text(wanted.Receiver)
        && Text(old) == Text(secrets);

    private static string Text<T>(T value) => JsonSerializer.Serialize(value, AscobJson.Options);
}
