using System.Net.Http.Headers;
using System.Text;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>The settings of one Jenkins backend, below <c>Ascob:Backends:&lt;id&gt;</c>. No record: its text must not show the secret.</summary>
internal sealed class JenkinsSettings
{
    private readonly string? _credentials;

    private JenkinsSettings(Uri url, string? userName, string? secret)
    {
        Url = url;
        UserName = userName;
        _credentials = userName is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes($"{userName}:{secret}"));
    }

    /// <summary>Gets the address, with a slash at its end.</summary>
    public Uri Url { get; }

    /// <summary>Gets the user; null for nobody.</summary>
    public string? UserName { get; }

    /// <summary>Gets the name of the setting that holds the secret.</summary>
    public required string SecretKey { get; init; }

    /// <summary>Gets whether orders need a crumb: Jenkins wants one from everybody who does not come with an API token.</summary>
    public required bool NeedsCrumb { get; init; }

    /// <summary>Gets what an unstable build is.</summary>
    public required BackendState Unstable { get; init; }

    /// <summary>Gets what a build that did nothing is.</summary>
    public required BackendState NotBuilt { get; init; }

    public static JenkinsSettings Read(BackendContext context)
    {
        var user = Setting(context, "UserName");
        var token = Setting(context, "ApiToken");
        var password = Setting(context, "Password");
        if (token is not null && password is not null)
        {
            throw context.Wrong("Password", "left out where ApiToken is set");
        }

        if (user is null && (token ?? password) is not null)
        {
            throw context.Wrong("UserName", "set: the token or password belongs to a user");
        }

        if (user is not null && (token ?? password) is null)
        {
            throw context.Wrong("ApiToken", "set, or Password, where UserName is");
        }

        if (user?.Contains(':', StringComparison.Ordinal) == true)
        {
            throw context.Wrong("UserName", "a name without a colon");
        }

        return new JenkinsSettings(context.BaseUrl(), user, token ?? password)
        {
            SecretKey = password is null ? "ApiToken" : "Password",
            NeedsCrumb = token is null,
            Unstable = Choice(context, "Unstable", BackendState.Failed, ("failed", BackendState.Failed), ("succeeded", BackendState.Succeeded)),
            NotBuilt = Choice(context, "NotBuilt", BackendState.Aborted, ("aborted", BackendState.Aborted), ("failed", BackendState.Failed)),
        };
    }

    public void Authorize(HttpRequestHeaders headers)
    {
        if (_credentials is not null)
        {
            headers.Authorization = new AuthenticationHeaderValue("Basic", _credentials);
        }
    }

    private static string? Setting(BackendContext context, string key) => context.Settings(key) is { Length: > 0 } text ? text : null;

    private static BackendState Choice(BackendContext context, string key, BackendState preset, params (string Word, BackendState State)[] choices)
    {
        if (Setting(context, key) is not { } text)
        {
            return preset;
        }

        foreach (var (word, state) in choices)
        {
            if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return state;
            }
        }

        throw context.Wrong(key, string.Join(" or ", choices.Select(c => c.Word)));
    }
}
