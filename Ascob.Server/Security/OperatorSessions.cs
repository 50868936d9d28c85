using System.Globalization;
using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Timing;
using Ascob.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Security;

/// <summary>
/// The cookie of a signed-in operator. It names the token and an end, encrypted and signed; the token is looked up on every request, so a revoked token ends its sessions. The
/// cookie is never sent by other sites (SameSite=Strict), and unsafe requests that a browser marks as coming from one are refused.
/// </summary>
internal sealed class OperatorSessions(ISecretProtector protector, TokenAuthenticator authenticator, MonotonicClock clock, IOptions<SecurityOptions> options)
{
    private const string SecureName = "__Host-ascob";
    private const string PlainName = "ascob_session";

    /// <summary>Sets the cookie.</summary>
    public void Start(HttpContext context, string sessionId)
    {
        var until = clock.Now + options.Value.SessionLifetime;
        var value = protector.Protect(string.Create(CultureInfo.InvariantCulture, $"{until.ToUnixTimeSeconds()}|{sessionId}"));
        context.Response.Cookies.Append(Name(context), value, Cookie(context, options.Value.SessionLifetime));
    }

    /// <summary>Takes the cookie away.</summary>
    public static void End(HttpContext context) => context.Response.Cookies.Delete(Name(context), Cookie(context, null));

    /// <summary>Answers the operator behind the request; null for none.</summary>
    public async ValueTask<Caller?> FindAsync(HttpContext context)
    {
        if (context.Request.Cookies[Name(context)] is not { Length: > 0 and < 2000 } value || !IsFromHere(context.Request))
        {
            return null;
        }

        var clear = Open(value);
        var bar = clear?.IndexOf('|', StringComparison.Ordinal) ?? -1;
        if (clear is null
            || bar < 1
            || !long.TryParse(clear.AsSpan(0, bar), NumberStyles.None, CultureInfo.InvariantCulture, out var until)
            || until <= clock.Now.ToUnixTimeSeconds())
        {
            return null;
        }

        return await authenticator.FindSessionAsync(clear[(bar + 1)..], context.RequestAborted);
    }

    /// <summary>Answers whether the request may change something on behalf of a cookie: it is a read, or no other site caused it.</summary>
    public static bool IsFromHere(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return true;
        }

        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site && site is not ("same-origin" or "none"))
        {
            return false;
        }

        return request.Headers.Origin.ToString() is not { Length: > 0 } origin
            || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static string Name(HttpContext context) => context.Request.IsHttps ? SecureName : PlainName;

    private static CookieOptions Cookie(HttpContext context, TimeSpan? life) => new()
    {
        HttpOnly = true,
        Secure = context.Request.IsHttps,
        SameSite = SameSiteMode.Strict,
        Path = "/",
        MaxAge = life,
        IsEssential = true,
    };

    private string? Open(string value)
    {
        try
        {
            return protector.Unprotect(value);
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            return null;
        }
    }
}
