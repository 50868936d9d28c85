using System.Net;

namespace Ascob.Backends.Jenkins;

/// <summary>
/// The crumb against forged requests. Jenkins asks for one where a password is used, ties it to the web session of the answer that gave it, and wants none with an API token.
/// </summary>
internal sealed class JenkinsCrumbs(JenkinsSettings settings, Func<CancellationToken, Task<JenkinsAnswer<JenkinsCrumbAnswer>>> ask) : IDisposable
{
    private static readonly Dictionary<string, string> None = [];

    private readonly SemaphoreSlim _turn = new(1, 1);
    private Dictionary<string, string>? _known;
    private string? _cookies;

    /// <summary>Gets whether orders may need a crumb.</summary>
    public bool Wanted => settings.NeedsCrumb;

    /// <summary>Answers the headers that an order needs.</summary>
    /// <exception cref="JenkinsCrumbException">None could be had.</exception>
    public async Task<IDictionary<string, string>> GetAsync(bool renew, CancellationToken cancellationToken)
    {
        if (!Wanted)
        {
            return None;
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return renew || _known is null ? _known = await AskAsync(cancellationToken).ConfigureAwait(false) : _known;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Keeps the session of the answer that gives the crumb: the crumb is worth nothing without it.</summary>
    public void KeepCookies(HttpResponseMessage answer) => _cookies = answer.Headers.TryGetValues("Set-Cookie", out var cookies)
        ? string.Join("; ", cookies.Select(c => c.Split(';', 2)[0].Trim()).Where(c => c.Length > 0))
        : null;

    public void Dispose() => _turn.Dispose();

    private async Task<Dictionary<string, string>> AskAsync(CancellationToken cancellationToken)
    {
        _cookies = null;
        var answer = await ask(cancellationToken).ConfigureAwait(false);
        if (answer.Fault is { } fault)
        {
            // No issuer: this Jenkins does not protect itself in that way.
            return fault.Status == HttpStatusCode.NotFound ? None : throw new JenkinsCrumbException(fault);
        }

        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { [answer.Value!.CrumbRequestField ?? "Jenkins-Crumb"] = answer.Value.Crumb! };
        if (_cookies is { Length: > 0 } cookies)
        {
            headers["Cookie"] = cookies;
        }

        return headers;
    }
}

/// <summary>An order was not sent because no crumb could be had.</summary>
internal sealed class JenkinsCrumbException(JenkinsFault fault) : Exception(fault.Reason)
{
    public JenkinsFault Fault { get; } = fault;
}
