using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Core.Backends;
using Ascob.Core.Kuroko2;
using Ascob.Core.Repository;

namespace Ascob.Backends.Shell;

/// <summary>Makes the environment of a job: its parameters, what Ascob tells it, and four variables of the server's own. Nothing else gets through.</summary>
internal static partial class ShellEnvironment
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static readonly string[] Inherited = ["PATH", "HOME", "LANG", "TZ"];

    public static string[] Build(BackendJob job, string runDirectory, ShellHostLauncher launcher, Checkout? files = null)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = DefaultPath };
        foreach (var name in Inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                variables[name] = value;
            }
        }

        foreach (var (name, value) in (job.Spec.Parameters ?? new Dictionary<string, string>()).Concat(job.Secrets))
        {
            variables[name] = value;
        }

        foreach (var (name, value) in job.Facts)
        {
            variables[name] = value;
        }

        if (files is not null)
        {
            variables["PATH"] = string.Join(':', files.SearchPath.Append(variables["PATH"]));
            variables["OVERSEER_HOME"] = files.Directory;
            variables["ASCOB_WORK_DIR"] = Path.Combine(runDirectory, RunDirectory.Work);
        }

        variables["ASCOB_RUN"] = job.Marker;
        variables["ASCOB_RUN_ID"] = job.RunId.ToString(CultureInfo.InvariantCulture);
        variables["ASCOB_SUBMITTER"] = job.Spec.Submitter ?? string.Empty;
        // Most runs have no files, and a directory for each would cost as much as the rest of its start.
        variables["ASCOB_FILES_DIR"] = job.Files.Count > 0
            ? Path.Combine(runDirectory, RunDirectory.Files)
            : Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(runDirectory))!, RunDirectory.NoFiles);
        if (job.CallbackUrl is { } url)
        {
            variables["ASCOB_CALLBACK_URL"] = url;
            if (job.Spec.Labels?.ContainsKey(ScriptSurroundings.QueueLabel) == true)
            {
                variables[ScriptEvents.CommandVariable] = launcher.CommandText("event");
            }
        }

        foreach (var (variable, fence) in job.FenceVariables)
        {
            variables[variable] = fence.ToString(CultureInfo.InvariantCulture);
        }

        variables["ASCOB_LOCKS"] = JsonSerializer.Serialize(new Dictionary<string, long>(job.Fences), EnvironmentJson.Default.DictionaryStringInt64);
        return [.. variables.Select(v => $"{v.Key}={v.Value}")];
    }

    [JsonSerializable(typeof(Dictionary<string, long>))]
    private sealed partial class EnvironmentJson : JsonSerializerContext;
}
