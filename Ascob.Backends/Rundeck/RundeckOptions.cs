using System.Globalization;
using System.Text.Json;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>Makes the options of an execution. All values are strings: Rundeck drops numbers and booleans without a word.</summary>
internal static class RundeckOptions
{
    /// <summary>The option that carries the marker. Rundeck keeps options that a job does not declare.</summary>
    public const string Marker = "ASCOB_RUN";

    private const string CallbackUrl = "ASCOB_CALLBACK_URL";
    private const string Locks = "ASCOB_LOCKS";

    /// <summary>Makes the body of the order.</summary>
    /// <param name="job">The job.</param>
    /// <param name="files">The keys of uploaded files by option.</param>
    /// <param name="settings">The settings of the backend.</param>
    public static byte[] Body(BackendJob job, IReadOnlyDictionary<string, string> files, RundeckSettings settings)
    {
        var user = settings.AsUser switch
        {
            RundeckUser.Submitter => job.Spec.Submitter,
            RundeckUser.Label => job.Spec.Label(RundeckJobRules.AsUser),
            RundeckUser.Token => null,
        };
        var level = RundeckJobRules.Level(job.Spec.Label(RundeckJobRules.LogLevel)) ?? settings.LogLevel;
        var body = new Dictionary<string, object>(StringComparer.Ordinal) { ["options"] = Options(job, files) };
        if (user is not null)
        {
            body["asUser"] = user;
        }

        if (level is not null)
        {
            // The spelling "logLevel" is ignored.
            body["loglevel"] = level;
        }

        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    private static Dictionary<string, string> Options(BackendJob job, IReadOnlyDictionary<string, string> files)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in (job.Spec.Parameters ?? new Dictionary<string, string>()).Concat(job.Secrets).Concat(files))
        {
            options[name] = value;
        }

        foreach (var (variable, fence) in job.FenceVariables)
        {
            options[variable] = fence.ToString(CultureInfo.InvariantCulture);
        }

        if (job.Fences.Count > 0)
        {
            options[Locks] = JsonSerializer.Serialize(job.Fences);
        }

        if (job.CallbackUrl is { } url)
        {
            options[CallbackUrl] = url;
        }

        options[Marker] = job.Marker;
        return options;
    }
}
