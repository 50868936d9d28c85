using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;
using Ascob.Core.Notifications;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>Keeps the subscriptions that the fields of a definition stand for: its webhook, its Slack channel, and mail to its owners.</summary>
internal sealed class Kuroko2Notices(SubscriptionKeeper keeper, ReceiverAddresses addresses, IOptions<Kuroko2Options> options, IOptions<NotificationOptions> notifications) : IScriptNotices
{
    public IReadOnlyList<FieldError> Check(ScriptFields fields)
    {
        var errors = new List<FieldError>();
        foreach (var (field, request) in Wanted(0, fields))
        {
            errors.AddRange(SubscriptionRules.Check(request, null, addresses.IsInside).Select(e => new FieldError(field, e.Message)));
        }

        return errors;
    }

    public Task KeepAsync(long definitionId, ScriptFields? fields, string actor, CancellationToken cancellationToken) => keeper.KeepAsync(
        FormattableString.Invariant($"kuroko2 definition {definitionId}"), fields is null ? [] : [.. Wanted(definitionId, fields).Select(w => w.Request)], actor, cancellationToken);

    private List<(string Field, SubscriptionRequest Request)> Wanted(long definitionId, ScriptFields fields)
    {
        // A number that nothing has yet stands for a definition that is only checked.
        var common = new SubscriptionRequest
        {
            NotifyAll = fields.NotifyAll,
            NotifyCancellation = fields.NotifyCancellation,
            Filter = new SubscriptionFilter { Definitions = [Math.Max(1, definitionId)] },
        };
        var wanted = new List<(string, SubscriptionRequest)>();
        if (fields.WebhookUrl is { } url)
        {
            wanted.Add(("webhook_url", common with { Name = "webhook", Kind = ReceiverKinds.Kuroko2, Url = url, Secret = options.Value.WebhookSecret }));
        }

        if (fields.SlackChannel is { } channel && options.Value.SlackWebhookUrl is { } slack)
        {
            wanted.Add(("slack_channel", common with { Name = "slack", Kind = ReceiverKinds.Slack, Url = slack, Channel = channel, FailureText = string.IsNullOrWhiteSpace(fields.AdditionalText) ? null : fields.AdditionalText }));
        }

        // Owners may be numbers or names too; those have no mail.
        var owners = fields.Owners.Where(o => o.Contains('@', StringComparison.Ordinal)).ToList();
        var copy = options.Value.MailTo;
        if ((owners.Count > 0 || copy is not null) && notifications.Value.Mail.Host is not null)
        {
            wanted.Add(("user_id", common with { Name = "mail", Kind = ReceiverKinds.Mail, To = owners.Count > 0 ? owners : [copy!], Cc = owners.Count > 0 && copy is not null ? [copy] : null }));
        }

        return wanted;
    }
}
