using System.Globalization;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>The settings of one PagerDuty backend, below <c>Ascob:Backends:&lt;id&gt;</c>.</summary>
internal sealed record PagerDutySettings
{
    private const string Us = "https://api.pagerduty.com";
    private const string Eu = "https://api.eu.pagerduty.com";

    public required string BackendId { get; init; }

    public required Uri Url { get; init; }

    public required string ApiToken { get; init; }

    /// <summary>Gets whether the token is that of an OAuth app instead of an API key.</summary>
    public bool OAuth { get; init; }

    /// <summary>Gets the incident on which all actions are invoked that name none; null for none.</summary>
    public string? IncidentId { get; init; }

    /// <summary>Gets the service on which each run gets an incident of its own; null for none.</summary>
    public string? ServiceId { get; init; }

    /// <summary>Gets the user in whose name incidents are made and resolved.</summary>
    public string? From { get; init; }

    /// <summary>Gets whether the only invocation on a shared incident at the time of a lost answer is taken for the run's.</summary>
    public bool AdoptSingleMatch { get; init; }

    /// <summary>Gets the address of the account for people; null to use what PagerDuty says.</summary>
    public Uri? WebUrl { get; init; }

    /// <summary>Gets how long an invocation may stay in state <c>unknown</c> before it is given up.</summary>
    public TimeSpan UnknownPatience { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Gets after what time a started workflow counts as succeeded; null for never.</summary>
    public TimeSpan? WorkflowSucceedsAfter { get; init; }

    /// <summary>Gets how long the end of a workflow is waited for.</summary>
    public TimeSpan WorkflowPatience { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Answers the full key of a setting, for sentences that say what to mend.</summary>
    public string Key(string setting) => $"Ascob:Backends:{BackendId}:{setting}";

    public static PagerDutySettings Read(BackendContext context)
    {
        var settings = new PagerDutySettings
        {
            BackendId = context.Id,
            Url = context.BaseUrl(Region(context)),
            ApiToken = Token(context),
            OAuth = context.Flag(nameof(OAuth), false),
            IncidentId = Id(context, nameof(IncidentId)),
            ServiceId = Id(context, nameof(ServiceId)),
            From = context.Settings(nameof(From)),
            AdoptSingleMatch = context.Flag(nameof(AdoptSingleMatch), false),
            WebUrl = Web(context),
            UnknownPatience = Time(context, nameof(UnknownPatience)) ?? TimeSpan.FromHours(1),
            WorkflowSucceedsAfter = Time(context, nameof(WorkflowSucceedsAfter)),
            WorkflowPatience = Time(context, nameof(WorkflowPatience)) ?? TimeSpan.FromHours(1),
        };
        if (settings is { IncidentId: not null, ServiceId: not null })
        {
            throw context.Wrong(nameof(ServiceId), $"absent where {nameof(IncidentId)} is set: runs share one incident, or each has its own");
        }

        if (settings.ServiceId is not null && (settings.From is not { Length: > 2 } from || !from.Contains('@', StringComparison.Ordinal) || !IsVisible(from)))
        {
            throw context.Wrong(nameof(From), $"the mail address of a PagerDuty user, because {nameof(ServiceId)} is set");
        }

        return settings;
    }

    private static string Region(BackendContext context) => context.Settings("Region")?.ToUpperInvariant() switch
    {
        null or "" or "US" => Us,
        "EU" => Eu,
        _ => throw context.Wrong("Region", "US or EU"),
    };

    private static string Token(BackendContext context)
    {
        var token = context.Required(nameof(ApiToken));
        return IsVisible(token) ? token : throw context.Wrong(nameof(ApiToken), "visible ASCII characters without blanks");
    }

    private static bool IsVisible(string text) => text.All(c => c is > ' ' and <= '~');

    private static string? Id(BackendContext context, string key) => context.Settings(key) is not { Length: > 0 } text
        ? null
        : PagerDutyWork.IsId(text) ? text : throw context.Wrong(key, "an id as PagerDuty writes it: letters and digits");

    private static Uri? Web(BackendContext context) => context.Settings(nameof(WebUrl)) is not { Length: > 0 } text
        ? null
        : Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw context.Wrong(nameof(WebUrl), "an address such as https://acme.pagerduty.com");

    private static TimeSpan? Time(BackendContext context, string key) => context.Settings(key) is not { Length: > 0 } text
        ? null
        : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= TimeSpan.Zero && value <= TimeSpan.FromDays(365)
            ? value
            : throw context.Wrong(key, "a time such as 01:00:00");
}
