using Ascob.Core.Access;
using Ascob.Server.Api;
using Ascob.Server.Telemetry;

namespace Ascob.Server.Security;

/// <summary>The gate before every route: finds the caller and holds it against the route's <see cref="AccessRequirement"/>.</summary>
internal sealed partial class AccessMiddleware(
    RequestDelegate next,
    TokenAuthenticator authenticator,
    OperatorSessions sessions,
    FailedAttempts failures,
    AccessMetrics metrics,
    ILogger<AccessMiddleware> log)
{
    public const string Header = "X-Api-Token";

    public async Task InvokeAsync(HttpContext context)
    {
        // No endpoint is 404; endpoints that are no routes are the framework's own 405 and 415 answers.
        if (context.GetEndpoint() is not RouteEndpoint route)
        {
            await next(context);
            return;
        }

        var requirement = route.Metadata.GetMetadata<AccessRequirement>();
        if (requirement?.Kind is AccessKind.Open or AccessKind.SecretUrl or AccessKind.Application)
        {
            await next(context);
            return;
        }

        var caller = await AuthenticateAsync(context, requirement);
        if (caller is null)
        {
            return;
        }

        if (requirement is null || (requirement.Permission is { } permission && !caller.Can(permission)))
        {
            await Problems.WriteAsync(
                context,
                StatusCodes.Status403Forbidden,
                "access.forbidden",
                requirement?.Permission is null ? "This route is closed." : $"The token does not hold the permission {requirement.Permission}.");
            return;
        }

        context.Features.Set(caller);
        await next(context);
    }

    private async ValueTask<Caller?> AuthenticateAsync(HttpContext context, AccessRequirement? requirement)
    {
        var secret = context.Request.Headers[Header];
        if (secret.Count == 0)
        {
            if (requirement?.AllowsSession == true && await sessions.FindAsync(context) is { } operatorCaller)
            {
                return operatorCaller;
            }

            await Unauthorized(context);
            return null;
        }

        if (failures.WaitOf(context.Connection.RemoteIpAddress) is { } wait && !authenticator.WasAcceptedLately(secret.ToString()))
        {
            metrics.TokenRefused();
            await Problems.WriteTooManyAsync(context, wait);
            return null;
        }

        var authentication = await authenticator.AuthenticateAsync(secret.ToString(), context.RequestAborted);
        if (authentication.Caller is { } caller)
        {
            return caller;
        }

        await RefuseAsync(context, authentication.TokenId);
        return null;
    }

    /// <summary>Answers a bad token: 401, or 429 where the address sent too many.</summary>
    private async Task RefuseAsync(HttpContext context, string? tokenId)
    {
        metrics.TokenRefused();
        if (failures.Note(context.Connection.RemoteIpAddress) is { } wait)
        {
            await Problems.WriteTooManyAsync(context, wait);
            return;
        }

        LogRefused(tokenId ?? "without an id", context.Connection.RemoteIpAddress);
        await Unauthorized(context);
    }

    private static Task Unauthorized(HttpContext context) => Problems.WriteAsync(
        context, StatusCodes.Status401Unauthorized, "access.unauthorized", $"Send a valid token in the header {Header}.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused a token {TokenId} from {Address}")]
    private partial void LogRefused(string tokenId, System.Net.IPAddress? address);
}

/// <summary>Reads the caller that the gate found.</summary>
internal static class CallerFeature
{
    public static Caller GetCaller(this HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The route asks for no token, so it has no caller.");
}
