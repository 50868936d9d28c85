using System.Globalization;

namespace Ascob.Backends.Jenkins;

/// <summary>The backend keys of a Jenkins run: <c>instance</c>, <c>projectName</c>, <c>queueId</c>, and <c>buildId</c> once there is a build.</summary>
internal static class JenkinsKeys
{
    public const string Instance = "instance";
    public const string Project = "projectName";
    public const string Queue = "queueId";
    public const string Build = "buildId";

    public static Dictionary<string, string> Of(string backendId, JenkinsProject project, long? queueId, long? build = null)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal) { [Instance] = backendId, [Project] = project.FullName };
        if (queueId is > 0)
        {
            keys[Queue] = Text(queueId.Value);
        }

        if (build is { } number)
        {
            keys[Build] = Text(number);
        }

        return keys;
    }

    public static long? Number(IReadOnlyDictionary<string, string> keys, string key) =>
        keys.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
