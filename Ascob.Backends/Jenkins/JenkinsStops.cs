using System.Collections.Concurrent;
using System.Net;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>
/// Stops what waits and what runs. Jenkins' own steps for a pipeline that will not end are stop, term and kill, some time apart; other builds only know stop. No answer means that it has ended: the status tells.
/// </summary>
internal sealed class JenkinsStops(JenkinsSettings settings, JenkinsClient client, JenkinsSearch search, TimeProvider time)
{
    private const int MostKept = 10_000;
    private static readonly TimeSpan BeforeKill = TimeSpan.FromSeconds(15);

    // Only saves a pipeline from being killed too early; what is forgotten with the server costs one more term.
    private readonly ConcurrentDictionary<string, long> _terms = new(StringComparer.Ordinal);

    public async Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        if (JenkinsProject.Of(run.Keys) is not { } project)
        {
            return new StopOutcome(false, "the keys of the run name no Jenkins job");
        }

        try
        {
            var place = await search.LocateAsync(run, project, cancellationToken).ConfigureAwait(false);
            if (place.Where == JenkinsWhere.Waiting)
            {
                if (await CancelAsync(JenkinsKeys.Number(run.Keys, JenkinsKeys.Queue)!.Value, cancellationToken).ConfigureAwait(false) is { } refusal)
                {
                    return refusal;
                }

                // It may have become a build at that very moment, and must then be stopped as one.
                place = await search.LocateAsync(run, project, cancellationToken).ConfigureAwait(false);
            }

            return place.Where switch
            {
                JenkinsWhere.Build => await StopBuildAsync(run.Marker, project, place.Build, mode, cancellationToken).ConfigureAwait(false),
                JenkinsWhere.Cancelled => new StopOutcome(true),
                JenkinsWhere.Waiting => new StopOutcome(false, "Jenkins still has the job in its queue"),
                JenkinsWhere.Gone => new StopOutcome(false, "Jenkins has neither a queue item nor a build of this run"),
                _ => new StopOutcome(false, place.Fault?.Reason),
            };
        }
        catch (JenkinsCrumbException e)
        {
            return new StopOutcome(false, e.Fault.Reason);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new StopOutcome(false, HttpFault.Describe(e));
        }
    }

    // Null where the item is worth another look, whatever the answer was: 404 and 500 are also said of one that has just left.
    private async Task<StopOutcome?> CancelAsync(long item, CancellationToken cancellationToken)
    {
        using var answer = await client.OrderAsync((api, crumb) => api.CancelItemAsync(item, crumb, cancellationToken), cancellationToken).ConfigureAwait(false);
        return answer.StatusCode switch
        {
            HttpStatusCode.UnprocessableEntity or HttpStatusCode.Forbidden => NoRight(),
            HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
                new StopOutcome(false, client.FaultOf(answer).Reason),
            _ => null,
        };
    }

    private async Task<StopOutcome> StopBuildAsync(string marker, JenkinsProject project, long build, StopMode mode, CancellationToken cancellationToken)
    {
        if (mode == StopMode.Hard)
        {
            var hard = await OrderAsync(project, build, IsTimeToKill(marker) ? "kill" : "term", cancellationToken).ConfigureAwait(false);
            if (hard is not null)
            {
                return hard;
            }
        }

        return await OrderAsync(project, build, "stop", cancellationToken).ConfigureAwait(false) ?? new StopOutcome(false, "Jenkins does not know the build, or its user may not see it (404)");
    }

    private bool IsTimeToKill(string marker)
    {
        if (_terms.Count >= MostKept)
        {
            _terms.Clear();
        }

        return time.GetElapsedTime(_terms.GetOrAdd(marker, _ => time.GetTimestamp())) >= BeforeKill;
    }

    // Null for 404: a build of this kind does not know the order, or there is no such build.
    private async Task<StopOutcome?> OrderAsync(JenkinsProject project, long build, string order, CancellationToken cancellationToken)
    {
        using var answer = await client.OrderAsync((api, crumb) => api.OrderAsync(project.Path, build, order, crumb, cancellationToken), cancellationToken).ConfigureAwait(false);
        return (int)answer.StatusCode switch
        {
            (>= 200 and < 300) or 302 or 303 => new StopOutcome(true),
            404 => null,
            403 => NoRight(),
            _ => new StopOutcome(false, client.FaultOf(answer).Reason),
        };
    }

    private StopOutcome NoRight() => new(false, $"Jenkins' user {settings.UserName ?? "(none)"} may not stop it (right Job/Cancel)");
}
