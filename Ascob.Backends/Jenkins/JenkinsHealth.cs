using System.Net;
using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>Asks whether Jenkins is there and lets this user in, and says which setting to mend.</summary>
internal sealed class JenkinsHealth(string backendId, JenkinsSettings settings, JenkinsClient client)
{
    public async Task<BackendHealth> CheckAsync(CancellationToken cancellationToken)
    {
        var root = await client.RootAsync(cancellationToken).ConfigureAwait(false);
        return root.Fault switch
        {
            null => new BackendHealth(true),
            { Status: HttpStatusCode.Unauthorized } fault => Wrong(fault.Reason, settings.UserName is null ? "UserName" : settings.SecretKey),
            { Status: HttpStatusCode.Forbidden } fault when settings.UserName is null => Wrong(fault.Reason, "UserName"),
            { Status: HttpStatusCode.Forbidden } fault => new BackendHealth(false, $"{fault.Reason}: '{settings.UserName}' needs the right Overall/Read in Jenkins"),
            { Status: HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable } fault => new BackendHealth(false, fault.Reason),
            { } fault => Wrong(fault.Reason, "Url"),
        };
    }

    private BackendHealth Wrong(string reason, string key) => new(false, $"{reason}; see Ascob:Backends:{backendId}:{key}");
}
