using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;
using Ascob.Core.Notifications;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>The subscriptions that a definition of kuroko2 stands for: its webhook, its Slack channel, and mail to its owners. They follow it whichever interface saves it, in the same transaction.</summary>
internal sealed class Kuroko2Notices(
    KeptSubscriptions kept, SubscriptionKeeper keeper, SubscriptionWatch watch, IOptions<Kuroko2Options> options, IOptions<NotificationOptions> notifications) : IScriptNotices, IDefinitionSubscriptions
{
    private const string Webhook = "webhook";

    public IReadOnlyList<FieldError> Check(ScriptFields fields, GivenText webhook)
    {
        // A number stands for that of a definition which is only checked.
        var common = CommonOf(1, fields);
        List<(string Field, SubscriptionRequest Request)> wanted = [.. webhook.Text is { } url ? [("webhook_url", WebhookOf(common, url))] : (ReadOnlySpan<(string, SubscriptionRequest)>)[]];
        if (SlackOf(common, fields) is { } slack)
        {
            wanted.Add(("slack_channel", slack));
        }

        if (MailOf(common, Addresses(fields)) is { } mail)
        {
            wanted.Add(("user_id", mail));
        }

        return [.. wanted.SelectMany(w => kept.Check(w.Request).Select(e => new FieldError(w.Field, e.Message)))];
    }

    public Func<long, PlanSubscriptions> Plan(ScriptFields fields, GivenText webhook, string actor) => id => there =>
    {
        var common = CommonOf(id, fields);
        var now = there.FirstOrDefault(s => s.Name == Webhook);
        var hook = webhook switch
        {
            { Text: { } url } => WebhookOf(common, url),
            { IsGiven: false } when now is not null => WebhookOf(common, url: null),
            _ => null,
        };

        // Stored with another key its address cannot be read: it stays as it is, for the day on which the key is back.
        var unreadable = hook is { Url: null } && kept.TryReveal(now!) is null;
        var mails = Addresses(fields).Where(a => MailOf(common, [a]) is { } one && kept.Check(one).Count == 0).Take(SubscriptionRules.MostRecipients).ToList();
        var wanted = new[] { unreadable ? null : hook, SlackOf(common, fields), MailOf(common, mails) }.OfType<SubscriptionRequest>().ToList();
        return kept.Plan(KeptSubscriptions.SourceOf(id), wanted, unreadable ? [.. there.Where(s => s != now)] : there, actor).Changes;
    };

    public async Task<IReadOnlyDictionary<long, string>> WebhooksAsync(CancellationToken cancellationToken)
    {
        var set = await watch.LookAsync(cancellationToken);
        return set.All
            .Where(s => s.Name == Webhook && s.Receiver.ShownUrl is not null && KeptSubscriptions.DefinitionOf(s.Source) is not null)
            .DistinctBy(s => s.Source)
            .ToDictionary(s => KeptSubscriptions.DefinitionOf(s.Source)!.Value, s => s.Receiver.ShownUrl!);
    }

    public Func<long, PlanSubscriptions>? Of(DefinitionContent content, DefinitionContent? before, string actor)
    {
        var fields = ScriptFields.Of(content);
        if (fields.Script is not null)
        {
            return Plan(fields, default, actor);
        }

        // One that is no script any more tells nothing as one.
        return before is not null && ScriptFields.Of(before).Script is not null ? _ => there => SubscriptionChanges.None with { Deleted = [.. there.Select(s => s.Id)] } : null;
    }

    public Task SettleAsync(SubscriptionChanges changes, CancellationToken cancellationToken) => keeper.SettleAsync(changes, cancellationToken);

    private static SubscriptionRequest CommonOf(long definitionId, ScriptFields fields) => new()
    {
        NotifyAll = fields.NotifyAll,
        NotifyCancellation = fields.NotifyCancellation,
        Filter = new SubscriptionFilter { Definitions = [definitionId], CustomEvents = [ScriptEvents.SkippedFailure] },
    };

    // Owners may be numbers or names too; those have no mail.
    private static List<string> Addresses(ScriptFields fields) => [.. fields.Owners.Where(o => o.Contains('@', StringComparison.Ordinal))];

    private SubscriptionRequest WebhookOf(SubscriptionRequest common, string? url) => common with { Name = Webhook, Kind = ReceiverKinds.Kuroko2, Url = url, Secret = options.Value.WebhookSecret };

    private SubscriptionRequest? SlackOf(SubscriptionRequest common, ScriptFields fields) => fields.SlackChannel is { } channel && options.Value.SlackWebhookUrl is { } slack
        ? common with { Name = "slack", Kind = ReceiverKinds.Slack, Url = slack, Channel = channel, FailureText = string.IsNullOrWhiteSpace(fields.AdditionalText) ? null : fields.AdditionalText }
        : null;

    private SubscriptionRequest? MailOf(SubscriptionRequest common, List<string> addresses)
    {
        var copy = options.Value.MailTo;
        return notifications.Value.Mail.Host is null || (addresses.Count == 0 && copy is null)
            ? null
            : common with { Name = "mail", Kind = ReceiverKinds.Mail, To = addresses.Count > 0 ? addresses : [copy!], Cc = addresses.Count > 0 && copy is not null ? [copy] : null };
    }
}
