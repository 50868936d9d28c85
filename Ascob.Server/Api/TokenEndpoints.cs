using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>Tokens, and who the caller is.</summary>
internal static partial class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        var security = routes.MapGroup("/api/security").WithTags("Security");
        security.MapGet("/whoami", (Delegate)WhoAmIAsync).RequiresAnyToken().WithName("WhoAmI").WithSummary("Tell who the token is").Produces<WhoAmI>();
        security.MapGet("/tokens", ListAsync).Requires(Permissions.SecurityTokenWrite).WithName("ListTokens")
            .WithSummary("List the issued tokens that the caller could have made").Produces<TokenList>();
        security.MapPost("/tokens/{identifier}", CreateAsync).Requires(Permissions.SecurityTokenWrite).WithName("CreateToken")
            .WithSummary("Make a token; its secret is shown this one time").Takes<CreateTokenRequest>()
            .Query<bool>("rotate", "Replace the token of the same identifier, whose secret ends at once.")
            .Produces<CreateTokenResponse>().Refuses(409);
        security.MapDelete("/tokens/{identifier}", DeleteAsync).Requires(Permissions.SecurityTokenWrite).WithName("DeleteToken")
            .WithSummary("Revoke a token; it ends within a second on all servers").Produces(204).Refuses(404, 409);
    }

    // Cast to a delegate above: a bare request delegate would not be in the API document.
    private static Task WhoAmIAsync(HttpContext context) => Answer.JsonAsync(context, WhoAmI.From(context.GetCaller()));

    private static async Task ListAsync(HttpContext context, TokenService tokens)
    {
        var all = await tokens.ListAsync(context.GetCaller(), context.RequestAborted);
        await Answer.JsonAsync(context, new TokenList([.. all.Select(TokenInfo.From)]));
    }

    private static async Task CreateAsync(HttpContext context, TokenService tokens, ILogger<TokenService> log)
    {
        var identifier = Identifier(context);
        var query = new QueryReader(context.Request.Query);
        var rotate = query.Flag("rotate");
        query.Done();
        var body = await RequestBody.ReadAsync<CreateTokenRequest>(context);
        var order = new TokenOrder(identifier, body.ExpirySeconds, body.Permissions ?? [], body.Submitters);
        var result = await tokens.IssueAsync(order, rotate, context.GetCaller(), context.RequestAborted);
        if (result.IsSuccess)
        {
            LogChange(log, context.GetCaller().Actor, rotate ? "rotated" : "issued", identifier);
        }

        await Answer.WriteAsync(context, result, issued => new CreateTokenResponse(issued.Secret));
    }

    private static async Task DeleteAsync(HttpContext context, TokenService tokens, ILogger<TokenService> log)
    {
        var identifier = Identifier(context);
        var result = await tokens.RevokeAsync(identifier, context.GetCaller(), context.RequestAborted);
        if (!result.IsSuccess)
        {
            await Problems.WriteAsync(context, result.Error);
            return;
        }

        LogChange(log, context.GetCaller().Actor, "revoked", identifier);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static string Identifier(HttpContext context) => context.Request.RouteValues["identifier"] as string ?? string.Empty;

    [LoggerMessage(Level = LogLevel.Information, Message = "{Actor} {Change} the token {Identifier}")]
    private static partial void LogChange(ILogger logger, string actor, string change, string identifier);
}
