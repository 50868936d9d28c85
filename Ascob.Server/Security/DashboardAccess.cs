using Ascob.Core.Access;
using Hangfire.Dashboard;

namespace Ascob.Server.Security;

/// <summary>Lets signed-in operators to Hangfire's dashboard, and nobody else: the cookie of <c>/login</c> or the header, with <c>backend_write</c>.</summary>
internal sealed class DashboardAccess : IDashboardAsyncAuthorizationFilter
{
    /// <inheritdoc/>
    public async Task<bool> AuthorizeAsync(DashboardContext context)
    {
        var http = context.GetHttpContext();
        var caller = http.Features.Get<Caller>() ?? await FindAsync(http);
        return caller?.Can(Permissions.BackendWrite) == true;
    }

    private static async ValueTask<Caller?> FindAsync(HttpContext http)
    {
        var secret = http.Request.Headers[AccessMiddleware.Header];
        if (secret.Count == 0)
        {
            return await http.RequestServices.GetRequiredService<OperatorSessions>().FindAsync(http);
        }

        var authenticator = http.RequestServices.GetRequiredService<TokenAuthenticator>();
        return (await authenticator.AuthenticateAsync(secret.ToString(), http.RequestAborted)).Caller;
    }
}
