using System.Text.Json;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Core.Kuroko2;

/// <summary>
/// A definition as kuroko2 has it. What a definition of Ascob has no member for is kept in its annotations, so that versions, differences and authors cover it too; the script is kept beside the job
/// that was compiled of it. The address of its webhook is none of them: it may hold a key, and whoever may read the definition would read it.
/// </summary>
public sealed record ScriptFields
{
    /// <summary>The annotation that holds the script; a definition without it is none of kuroko2's.</summary>
    public const string ScriptKey = "kuroko2.script";

    /// <summary>How the annotations begin that hold what kuroko2 has.</summary>
    public const string KeyPrefix = "kuroko2.";

    private const string NotifyCancellationKey = "kuroko2.notify_cancellation";
    private const string NotifyAllKey = "kuroko2.hipchat_notify_finished";
    private const string AdditionalTextKey = "kuroko2.hipchat_additional_text";
    private const string SlackChannelKey = "kuroko2.slack_channel";
    // Where the address was kept before it had a place among the secrets.
    private const string FormerWebhookKey = "kuroko2.webhook_url";
    private const int LongestText = 180;
    private const int LongestChannel = 81;
    private const int LongestUrl = 2_000;

    private static readonly NextExecution[] Policies =
        [NextExecution.Always, NextExecution.NotWhileWorkingOrError, NextExecution.NotWhileWorking, NextExecution.NotWhileError];

    /// <summary>Gets the description, Markdown.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the script.</summary>
    public string? Script { get; init; }

    /// <summary>Gets the tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Gets the contact persons.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];

    /// <summary>Gets whether a launch that is prevented is told of.</summary>
    public bool NotifyCancellation { get; init; } = true;

    /// <summary>Gets whether all events are told of.</summary>
    public bool NotifyAll { get; init; } = true;

    /// <summary>Gets more text for failures.</summary>
    public string? AdditionalText { get; init; }

    /// <summary>Gets the Slack channel.</summary>
    public string? SlackChannel { get; init; }

    /// <summary>Gets whether clients may launch it.</summary>
    public bool ApiAllowed { get; init; }

    /// <summary>Gets kuroko2's number of the policy: 0 none, 1 while working or in error, 2 while working, 3 while in error.</summary>
    public int PreventMulti { get; init; } = 1;

    /// <summary>Reads them off a definition.</summary>
    public static ScriptFields Of(DefinitionContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var kept = content.Annotations;
        return new ScriptFields
        {
            Description = content.Description,
            Script = kept.GetValueOrDefault(ScriptKey),
            Tags = content.Tags,
            Owners = content.Owners,
            NotifyCancellation = kept.GetValueOrDefault(NotifyCancellationKey) != "false",
            NotifyAll = kept.GetValueOrDefault(NotifyAllKey) != "false",
            AdditionalText = kept.GetValueOrDefault(AdditionalTextKey),
            SlackChannel = kept.GetValueOrDefault(SlackChannelKey),
            ApiAllowed = content.ApiAllowed,
            PreventMulti = Array.IndexOf(Policies, content.NextExecution),
        };
    }

    /// <summary>Answers what is wrong with them and with the address of the webhook, the script aside.</summary>
    public IReadOnlyList<FieldError> Check(GivenText webhook)
    {
        var errors = new List<FieldError>();
        AddIf("description", string.IsNullOrWhiteSpace(Description), "can't be blank");
        AddIf("script", string.IsNullOrWhiteSpace(Script), "can't be blank");
        AddIf("user_id", Owners.Count == 0, "needs at least one");
        AddIf("prevent_multi", PreventMulti < 0 || PreventMulti >= Policies.Length, "must be 0, 1, 2 or 3");
        AddIf("hipchat_additional_text", AdditionalText is { Length: > LongestText }, $"is too long (maximum is {LongestText} characters)");
        AddIf("slack_channel", SlackChannel is { } channel && !IsChannel(channel), $"must begin with '#', hold no dot and no blank, and have at most {LongestChannel} characters");
        AddIf("webhook_url", webhook.Text is { } url && !IsUrl(url), "must be an http or https address");
        return errors;

        void AddIf(string field, bool wrong, string message)
        {
            if (wrong)
            {
                errors.Add(new FieldError(field, message));
            }
        }
    }

    /// <summary>Answers the content of a definition that runs the job compiled of the script.</summary>
    /// <param name="job">The compiled job.</param>
    /// <param name="expectedSeconds">After how long a run takes longer than expected.</param>
    /// <param name="before">The content whose other members stay; null for a new definition.</param>
    public DefinitionContent ToContent(JobSpec job, int expectedSeconds, DefinitionContent? before)
    {
        var kept = new Dictionary<string, string>(before?.Annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [ScriptKey] = Script ?? string.Empty,
            [NotifyCancellationKey] = NotifyCancellation ? "true" : "false",
            [NotifyAllKey] = NotifyAll ? "true" : "false",
        };
        Keep(AdditionalTextKey, AdditionalText);
        Keep(SlackChannelKey, SlackChannel);
        kept.Remove(FormerWebhookKey);
        return (before ?? new DefinitionContent { JobSpec = job }) with
        {
            Description = Description,
            JobSpec = job,
            Parameters = (JsonElement?)null,
            Tags = Tags,
            Owners = Owners,
            NextExecution = Policies[PreventMulti],
            ExpectedSeconds = expectedSeconds,
            ApiAllowed = ApiAllowed,
            Annotations = kept,
        };

        void Keep(string key, string? value)
        {
            kept.Remove(key);
            if (value is not null)
            {
                kept[key] = value;
            }
        }
    }

    private static bool IsChannel(string channel) => channel.Length <= LongestChannel && channel.StartsWith('#') && !channel.Any(c => c == '.' || char.IsWhiteSpace(c));

    private static bool IsUrl(string url) =>
        url.Length <= LongestUrl && Uri.TryCreate(url, UriKind.Absolute, out var parsed) && (parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeHttps);
}
