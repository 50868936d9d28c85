using Ascob.Core.Access;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;

namespace Ascob.Server.Api;

/// <summary>Signing operators in for the pages that a browser shows: a form that takes a token and gives a cookie.</summary>
internal static class LoginEndpoints
{
    private const string Home = "/hangfire";
    private const int LongestForm = 4096;

    private const string Page = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Ascob: sign in</title></head>
        <body><h1>Ascob</h1><p>{0}</p>
        <form method="post" action="/login"><label>Token <input name="token" type="password" autocomplete="off" autofocus required></label>
        <button>Sign in</button></form></body></html>
        """;

    public static void MapLogin(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login", (HttpContext context) => ShowAsync(context, "Sign in with a token that holds backend_write.", StatusCodes.Status200OK))
            .IsOpen().ExcludeFromDescription();
        routes.MapPost("/login", SignInAsync).IsOpen().ExcludeFromDescription().DisableAntiforgery();
        routes.MapPost("/logout", SignOutAsync).IsOpen().ExcludeFromDescription().DisableAntiforgery();
    }

    private static async Task SignInAsync(
        HttpContext context, TokenAuthenticator authenticator, OperatorSessions sessions, FailedAttempts failures, AccessMetrics metrics)
    {
        if (!OperatorSessions.IsFromHere(context.Request) || await ReadTokenAsync(context) is not { } token)
        {
            await ShowAsync(context, "Send the form of this page.", StatusCodes.Status400BadRequest);
            return;
        }

        if (failures.WaitOf(context.Connection.RemoteIpAddress) is { } pause && !authenticator.WasAcceptedLately(token))
        {
            metrics.TokenRefused();
            await Problems.WriteTooManyAsync(context, pause);
            return;
        }

        var authentication = await authenticator.AuthenticateAsync(token, context.RequestAborted);
        if (authentication.Caller is not { } caller)
        {
            metrics.TokenRefused();
            if (failures.Note(context.Connection.RemoteIpAddress) is { } wait)
            {
                await Problems.WriteTooManyAsync(context, wait);
                return;
            }

            await ShowAsync(context, "This token is not valid.", StatusCodes.Status401Unauthorized);
        }
        else if (!caller.Can(Permissions.BackendWrite))
        {
            await ShowAsync(context, "This token does not hold backend_write.", StatusCodes.Status403Forbidden);
        }
        else
        {
            sessions.Start(context, authentication.SessionId!);
            context.Response.Redirect(Home);
        }
    }

    private static async Task<string?> ReadTokenAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType || context.Request.ContentLength is not <= LongestForm)
        {
            return null;
        }

        try
        {
            return (await context.Request.ReadFormAsync(context.RequestAborted))["token"].ToString();
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException) && !context.RequestAborted.IsCancellationRequested)
        {
            // Too many fields, or a form that ends in its middle.
            return null;
        }
    }

    private static Task SignOutAsync(HttpContext context)
    {
        if (OperatorSessions.IsFromHere(context.Request))
        {
            OperatorSessions.End(context);
        }

        context.Response.Redirect("/login");
        return Task.CompletedTask;
    }

    // All texts are our own; nothing that was sent is shown.
    private static Task ShowAsync(HttpContext context, string text, int status)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        return response.WriteAsync(Page.Replace("{0}", text, StringComparison.Ordinal), context.RequestAborted);
    }
}
