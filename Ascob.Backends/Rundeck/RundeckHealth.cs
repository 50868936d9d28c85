using System.Net;
using System.Text.Json;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>Asks whether Rundeck can be reached, knows the token, shows it a project, and executes jobs at all.</summary>
internal sealed class RundeckHealth(RundeckCalls calls, string backendId)
{
    public async Task<BackendHealth> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var projects = await calls.ReadAsync((api, v) => api.GetProjectsAsync(v, cancellationToken), cancellationToken, BackendHttp.LargestAnswer).ConfigureAwait(false);
            if (!projects.IsOk || projects.Json is not { ValueKind: JsonValueKind.Array } list)
            {
                return new BackendHealth(false, projects.Describe(backendId));
            }

            if (list.GetArrayLength() == 0)
            {
                return new BackendHealth(false, $"the user of Ascob:Backends:{backendId}:AuthToken sees no project in Rundeck");
            }

            // Older servers have no such question, and not every user may ask it: only a clear answer counts.
            var mode = await calls.ReadAsync((api, v) => api.GetExecutionModeAsync(v, cancellationToken), cancellationToken).ConfigureAwait(false);
            return mode.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable && RundeckJson.Text(mode.Json, "executionMode") == "passive"
                ? new BackendHealth(false, "Rundeck is in passive mode and starts no executions")
                : new BackendHealth(true);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new BackendHealth(false, $"{HttpFault.Describe(e)}; check Ascob:Backends:{backendId}:Url");
        }
    }
}
