using System.Diagnostics.CodeAnalysis;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Core.Notifications;

/// <summary>What a subscription must look like. Pure.</summary>
internal static class SubscriptionRules
{
    /// <summary>The most addresses of a mail.</summary>
    public const int MostRecipients = 100;

    private const int MostErrors = 50;
    private const int LongestName = 200;
    private const int LongestUrl = 2000;
    private const int MostEntries = MostRecipients;
    private const int LongestEntry = 400;

    private static readonly string[] Severities = ["critical", "error", "warning", "info"];

    /// <summary>Answers the events that a receiver of a kind can be told.</summary>
    public static NoticeKinds Possible(string kind) => kind switch
    {
        // Overseer has no words for these.
        ReceiverKinds.Overseer => All & ~(NoticeKinds.Retried | NoticeKinds.InDoubt | NoticeKinds.LongerThanExpected),

        // An alert is opened by trouble and closed by success; anything else is none of its business.
        ReceiverKinds.PagerDuty => NoticeKinds.Error | NoticeKinds.InDoubt | NoticeKinds.LongerThanExpected | NoticeKinds.Skipped | NoticeKinds.Finished | NoticeKinds.Recovered,
        _ => All,
    };

    /// <summary>Answers the events where none were named.</summary>
    public static NoticeKinds Usual(string kind) => kind switch
    {
        ReceiverKinds.Webhook => All & ~NoticeKinds.Custom,
        ReceiverKinds.Overseer => Possible(kind),
        ReceiverKinds.PagerDuty => Possible(kind) & ~NoticeKinds.Skipped,
        ReceiverKinds.Mail => NoticeKinds.Error | NoticeKinds.InDoubt | NoticeKinds.LongerThanExpected | NoticeKinds.Recovered,
        _ => Kuroko2Gates.Events(kind, notifyAll: false, notifyCancellation: false),
    };

    /// <summary>Answers whether a text is a mail address and nothing besides.</summary>
    public static bool IsMailAddress(string? text) =>
        IsEntry(text) && System.Net.Mail.MailAddress.TryCreate(text, out var parsed) && parsed.DisplayName.Length == 0 && !text!.Any(c => c is '<' or '>' or ',' or ';');

    /// <summary>Reads an address that messages can be sent to, wherever it is.</summary>
    public static bool TryUrl(string text, [NotNullWhen(true)] out Uri? url)
    {
        url = null;
        return text.Length <= LongestUrl && TextRules.Line(text) is null && Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme is ("http" or "https") && url.Host.Length > 0
            && url.UserInfo.Length == 0 && url.Fragment.Length == 0;
    }

    private static NoticeKinds All { get; } = NoticeWords.All.Aggregate(NoticeKinds.None, (all, word) => NoticeWords.TryParse(word, out var kind) ? all | kind : all);

    /// <summary>Answers what is wrong with a request; empty where nothing is.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="old">The secrets that are there already; null for a new subscription, or one of another kind.</param>
    /// <param name="isInside">Whether a host is inside the house by its very spelling.</param>
    public static IReadOnlyList<FieldError> Check(SubscriptionRequest request, ReceiverSecrets? old, Func<string, bool> isInside)
    {
        var errors = new FieldErrorList(MostErrors);
        if (string.IsNullOrWhiteSpace(request.Name) || request.Name.Length > LongestName || TextRules.Line(request.Name) is not null)
        {
            errors.Add("name", $"1 to {LongestName} characters in one line.");
        }

        if (!ReceiverKinds.All.Contains(request.Kind, StringComparer.Ordinal))
        {
            errors.Add("kind", $"One of {string.Join(", ", ReceiverKinds.All)}.");
            return errors.ToList();
        }

        CheckEvents(request, errors);
        CheckFilter(request.Filter, errors);
        CheckReceiver(request, old, isInside, errors);
        return errors.ToList();
    }

    private static void CheckEvents(SubscriptionRequest request, FieldErrorList errors)
    {
        if (request.Statuses is not null)
        {
            CheckTexts("statuses", request.Statuses, errors);
            if (request.Kind != ReceiverKinds.Overseer || request.Events is not null || request.NotifyAll is not null || request.NotifyCancellation is not null)
            {
                errors.Add("statuses", "For the kind 'overseer' only, and in place of events.");
            }
        }

        if (request.Events is null)
        {
            return;
        }

        if (request.NotifyAll is not null || request.NotifyCancellation is not null)
        {
            errors.Add("events", "Either events, or notifyAll and notifyCancellation.");
        }

        if (request.Events.Count is 0 or > MostEntries)
        {
            errors.Add("events", $"At least one of {string.Join(", ", NoticeWords.All)}.");
        }

        foreach (var (index, word) in request.Events.Take(MostEntries).Index())
        {
            if (!NoticeWords.TryParse(word, out var kind))
            {
                errors.Add($"events[{index}]", $"One of {string.Join(", ", NoticeWords.All)}.");
            }
            else if (!Possible(request.Kind!).HasFlag(kind))
            {
                errors.Add($"events[{index}]", $"A receiver of the kind '{request.Kind}' cannot be told '{word}'; it can: {string.Join(", ", Possible(request.Kind!).ToWords())}.");
            }
        }
    }

    private static void CheckFilter(SubscriptionFilter? filter, FieldErrorList errors)
    {
        if (filter is null)
        {
            return;
        }

        CheckList("filter.definitions", filter.Definitions?.Count, filter.Definitions?.All(d => d > 0) != false, "numbers of definitions", errors);
        CheckTexts("filter.definitionNames", filter.DefinitionNames, errors);
        CheckTexts("filter.backends", filter.Backends, errors);
        CheckTexts("filter.submitters", filter.Submitters, errors);
        CheckTexts("filter.customEvents", filter.CustomEvents, errors);
        if (filter.Labels is { } labels)
        {
            CheckList("filter.labels", labels.Count, labels.All(l => IsEntry(l.Key) && l.Value is { Length: <= LongestEntry }), "labels", errors);
        }
    }

    private static void CheckTexts(string field, IReadOnlyList<string>? values, FieldErrorList errors) =>
        CheckList(field, values?.Count, values?.All(IsEntry) != false, $"texts of 1 to {LongestEntry} characters", errors);

    private static void CheckList(string field, int? count, bool good, string what, FieldErrorList errors)
    {
        // An empty list would fit no run at all, which is hardly what was meant.
        if (count is 0 or > MostEntries || !good)
        {
            errors.Add(field, $"1 to {MostEntries} {what}; leave it out for all.");
        }
    }

    private static void CheckReceiver(SubscriptionRequest request, ReceiverSecrets? old, Func<string, bool> isInside, FieldErrorList errors)
    {
        var isMail = request.Kind == ReceiverKinds.Mail;
        var usesUrl = !isMail;
        var needsUrl = usesUrl && request.Kind != ReceiverKinds.PagerDuty;
        if (request.Url is not null)
        {
            CheckUrl(request.Url, usesUrl, isInside, errors);
        }
        else if (needsUrl && old?.Url is null)
        {
            errors.Add("url", "is required");
        }

        CheckSecrets(request, old, errors);
        Refuse("to", request.To is not null && !isMail);
        Refuse("cc", request.Cc is not null && !isMail);
        Refuse("channel", request.Channel is not null && request.Kind != ReceiverKinds.Slack);
        Refuse("failureText", request.FailureText is not null && request.Kind != ReceiverKinds.Slack);
        Refuse("severity", request.Severity is not null && request.Kind != ReceiverKinds.PagerDuty);
        if (isMail)
        {
            CheckRecipients("to", request.To ?? [], needed: true, errors);
            CheckRecipients("cc", request.Cc ?? [], needed: false, errors);
        }

        if (request.Channel is { } channel && !IsEntry(channel))
        {
            errors.Add("channel", "A channel such as #alerts.");
        }

        if (request.FailureText is { } text && (text.Length is 0 or > LongestEntry || TextRules.Lines(text) is not null))
        {
            errors.Add("failureText", $"1 to {LongestEntry} characters, none of them control characters.");
        }

        if (request.Severity is { } severity && !Severities.Contains(severity, StringComparer.Ordinal))
        {
            errors.Add("severity", $"One of {string.Join(", ", Severities)}.");
        }

        void Refuse(string field, bool isThere)
        {
            if (isThere)
            {
                errors.Add(field, $"A receiver of the kind '{request.Kind}' has none.");
            }
        }
    }

    private static void CheckUrl(string text, bool usesUrl, Func<string, bool> isInside, FieldErrorList errors)
    {
        if (!usesUrl)
        {
            errors.Add("url", "Mail goes to addresses in 'to'.");
        }
        else if (text.Contains("***", StringComparison.Ordinal))
        {
            errors.Add("url", "This is the address as it is shown, without its secret parts; send the full address, or leave it out to keep the one that is there.");
        }
        else if (!TryUrl(text, out var url))
        {
            errors.Add("url", $"An absolute http or https address without user and fragment, of at most {LongestUrl} characters.");
        }
        else if (isInside(url.IdnHost))
        {
            errors.Add("url", "The address is inside the house. An operator can allow it: Ascob:Notifications:AllowedInternal.");
        }
    }

    private static void CheckSecrets(SubscriptionRequest request, ReceiverSecrets? old, FieldErrorList errors)
    {
        switch (request.Kind)
        {
            case ReceiverKinds.Webhook or ReceiverKinds.Overseer:
                CheckWebhookSecret("secret", request.Secret);
                CheckWebhookSecret("previousSecret", request.PreviousSecret);
                break;
            case ReceiverKinds.Kuroko2:
                if (request.Secret is { } key && (key.Length is 0 or > LongestEntry || TextRules.Line(key) is not null))
                {
                    errors.Add("secret", $"1 to {LongestEntry} characters in one line.");
                }

                break;
            case ReceiverKinds.PagerDuty:
                if (request.Secret is null ? old?.Secret is null : request.Secret.Length is 0 or > 100 || !request.Secret.All(char.IsAsciiLetterOrDigit))
                {
                    errors.Add("secret", "The routing key (integration key) of an Events API v2 integration is required.");
                }

                break;
            default:
                if (request.Secret is not null)
                {
                    errors.Add("secret", $"A receiver of the kind '{request.Kind}' has none.");
                }

                break;
        }

        if (request.PreviousSecret is not null && request.Kind is not (ReceiverKinds.Webhook or ReceiverKinds.Overseer))
        {
            errors.Add("previousSecret", $"A receiver of the kind '{request.Kind}' has none.");
        }

        void CheckWebhookSecret(string field, string? secret)
        {
            if (secret is not null && !WebhookSecrets.IsValid(secret))
            {
                errors.Add(field, "whsec_ and 24 to 64 bytes in base64; leave it out to have one made.");
            }
        }
    }

    private static void CheckRecipients(string field, IReadOnlyList<string> addresses, bool needed, FieldErrorList errors)
    {
        if (addresses.Count > MostEntries || (needed && addresses.Count == 0))
        {
            errors.Add(field, $"{(needed ? 1 : 0)} to {MostEntries} mail addresses.");
        }

        foreach (var (index, address) in addresses.Take(MostEntries).Index())
        {
            if (!IsMailAddress(address))
            {
                errors.Add($"{field}[{index}]", "A mail address such as team@example.org.");
            }
        }
    }

    private static bool IsEntry(string? text) => text is { Length: > 0 and <= LongestEntry } && TextRules.Line(text) is null;
}
