using System.Globalization;
using System.Net;
using Ascob.Core.Kuroko2;
using Ascob.Core.Notifications;

namespace Ascob.Server.Configuration;

/// <summary>What a value may be: answers null for a good one, else what is expected. Never repeats the value, which may be a secret.</summary>
internal delegate string? Rule(string value);

/// <summary>The kinds of values in the configuration.</summary>
internal static class Rules
{
    public static string? Text(string value) => string.IsNullOrWhiteSpace(value) ? "must not be empty" : null;

    public static string? Any(string value) => value is null ? "must be set" : null;

    public static string? Secret(string value) => value.Length >= 16 ? null : "must have at least 16 characters; make one with: openssl rand -hex 32";

    public static string? HookSecret(string value) => WebhookSecrets.IsValid(value) ? null : "must be whsec_ and 24 to 64 bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)";

    public static string? MailAddress(string value) => SubscriptionRules.IsMailAddress(value) ? null : "must be a mail address such as team@example.org";

    public static string? Flag(string value) => bool.TryParse(value, out _) ? null : "must be true or false";

    public static string? Name(string value) =>
        value.Length is > 0 and <= 100 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            ? null
            : "must be 1 to 100 letters, digits and . _ -";

    public static string? Url(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Query.Length == 0 && url.Fragment.Length == 0
            ? null
            : "must be an absolute http or https URL without query, such as https://ascob.example.org";

    public static string? GitUrl(string value) => Repository.GitAddress.Problem(value);

    public static string? RelativePath(string value) =>
        value.Trim('/') is { } path && (path.Length == 0 || path.Split('/').All(p => p is not ("" or "." or "..")))
            ? null
            : "must be a directory in the repository, such as ops/jobs";

    // It stands in addresses, where dot segments would be folded away.
    public static string? ConsulPrefix(string value) =>
        value.Length is > 1 and <= 200 && value[^1] == '/' && value[..^1].Split('/').All(s => s.Length > 0 && s.Trim('.').Length > 0 && s.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            ? null
            : "must be words of letters, digits and . _ - that end with / each, such as ascob/locks/";

    public static string? TaskName(string value) =>
        value.Length is 0 or > 100 || !value.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? "must be 1 to 100 letters, digits and _"
        : ScriptRules.IsBuiltIn(value) ? "is a task of the language and cannot be given another meaning"
        : null;

    public static string? Zone(string value) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(value, out _) ? null : "must be the IANA name of a time zone, such as Europe/Berlin";

    public static string? Network(string value) =>
        IPAddress.TryParse(value, out _) || IPNetwork.TryParse(value, out _)
            ? null
            : "must be an IP address or a network such as 10.0.0.0/8";

    public static string? Host(string value) =>
        Network(value) is null || Uri.CheckHostName(value) == UriHostNameType.Dns ? null : "must be a host name, an IP address or a network such as 10.0.0.0/8";

    public static Rule Number(long least, long most) => value =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}");

    public static Rule Duration(TimeSpan least, TimeSpan most) => value =>
        TimeSpan.TryParse(value, CultureInfo.InvariantCulture, out var span) && span >= least && span <= most

            // "90" would be 90 days to TimeSpan.Parse, which nobody means.
            && value.Contains(':', StringComparison.Ordinal)
            ? null
            : $"must be a time span written d.hh:mm:ss or hh:mm:ss, from {least:c} to {most:c}";

    public static Rule OneOf(params string[] words) => value =>
    {
        if (words.Contains(value, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        var near = Near.Find(value, words);
        return $"must be one of {string.Join(", ", words)}" + (near is null ? string.Empty : $"; did you mean {near}?");
    };
}
