using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Core.Notifications;

/// <summary>Turns what was asked for into what is stored.</summary>
internal static class SubscriptionFilling
{
    /// <summary>Answers the secrets: those of the request, else those that are there, else a new one for a form that is always signed.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="old">What is there; null for nothing.</param>
    /// <param name="kept">Whether another part keeps the subscription: then there is no secret but the one that it names, for nobody is shown another, and one that it names no longer is out of use.</param>
    public static ReceiverSecrets Secrets(SubscriptionRequest request, ReceiverSecrets? old, bool kept = false) => new()
    {
        Url = request.Url ?? old?.Url,
        Secret = request.Secret ?? (kept ? null : old?.Secret ?? (request.Kind is ReceiverKinds.Webhook or ReceiverKinds.Overseer ? WebhookSecrets.New() : null)),
        PreviousSecret = request.PreviousSecret,
    };

    /// <summary>Reads the secrets of a stored subscription; null where it has none.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Stored with another key.</exception>
    public static ReceiverSecrets? Reveal(Subscription subscription, ISecretProtector protector) => subscription.ProtectedSecrets is null
        ? null
        : JsonSerializer.Deserialize<ReceiverSecrets>(protector.Unprotect(subscription.ProtectedSecrets), AscobJson.Options);

    /// <summary>Fills a subscription from a request that was found good.</summary>
    public static Subscription Fill(Subscription subscription, SubscriptionRequest request, ReceiverSecrets secrets, ISecretProtector protector)
    {
        var gates = request.NotifyAll is not null || request.NotifyCancellation is not null;
        return subscription with
        {
            Name = request.Name!.Trim(),
            Kind = request.Kind!,
            Enabled = request.Enabled ?? true,
            Events = Events(request, gates),
            Filter = request.Filter ?? new SubscriptionFilter(),
            Receiver = new ReceiverSettings
            {
                ShownUrl = Shown(secrets.Url, request.Kind!),
                HasSecret = secrets.Secret is not null,
                To = request.To,
                Cc = request.Cc,
                Channel = request.Channel,
                FailureText = request.FailureText,
                Severity = request.Severity,
                Statuses = request.Statuses,
                NotifyAll = gates ? request.NotifyAll == true : null,
                NotifyCancellation = gates ? request.NotifyCancellation == true : null,
            },
            ProtectedSecrets = protector.Protect(JsonSerializer.Serialize(secrets, AscobJson.Options)),
        };
    }

    private static NoticeKinds Events(SubscriptionRequest request, bool gates)
    {
        if (request.Events is { } words)
        {
            return words.Aggregate(NoticeKinds.None, (all, word) => NoticeWords.TryParse(word, out var kind) ? all | kind : all);
        }

        if (request.Statuses is { } statuses)
        {
            return statuses.Aggregate(NoticeKinds.None, (all, status) => all | OverseerWords.KindsOf(status));
        }

        return gates
            ? (Kuroko2Gates.Events(request.Kind!, request.NotifyAll == true, request.NotifyCancellation == true) | Named(request)) & SubscriptionRules.Possible(request.Kind!)
            : SubscriptionRules.Usual(request.Kind!);
    }

    // kuroko2's switches know no custom events; who names some wants them besides.
    private static NoticeKinds Named(SubscriptionRequest request) => request.Filter?.CustomEvents is null ? NoticeKinds.None : NoticeKinds.Custom;

    // What lets others in is often part of an address: a key in the query, and for Slack the whole path.
    private static string? Shown(string? url, string kind)
    {
        if (url is null)
        {
            return null;
        }

        var parsed = new Uri(url);
        return kind == ReceiverKinds.Slack
            ? $"{parsed.GetLeftPart(UriPartial.Authority)}/***"
            : parsed.GetLeftPart(UriPartial.Path) + (parsed.Query.Length > 0 ? "?***" : string.Empty);
    }
}
