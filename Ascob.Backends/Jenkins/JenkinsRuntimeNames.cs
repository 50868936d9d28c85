using System.Globalization;
using System.Text.Json;
using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>What Ascob itself tells a job, by the names of the parameters in which a job may ask for it.</summary>
internal static class JenkinsRuntimeNames
{
    public const string CallbackUrl = "ASCOB_CALLBACK_URL";

    public static IEnumerable<KeyValuePair<string, string>> Of(BackendJob job)
    {
        yield return new(JenkinsMarker.Parameter, job.Marker);
        yield return new("ASCOB_RUN_ID", JenkinsKeys.Text(job.RunId));
        yield return new("ASCOB_ATTEMPT", job.Attempt.ToString(CultureInfo.InvariantCulture));
        yield return new("ASCOB_SUBMITTER", job.Spec.Submitter ?? string.Empty);
        yield return new("ASCOB_LOCKS", JsonSerializer.Serialize(job.Fences));
        foreach (var (variable, fence) in job.FenceVariables)
        {
            yield return new(variable, JenkinsKeys.Text(fence));
        }

        if (job.CallbackUrl is { } url)
        {
            yield return new(CallbackUrl, url);
        }
    }
}
