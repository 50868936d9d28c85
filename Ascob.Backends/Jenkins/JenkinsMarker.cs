using System.Text.Json;

namespace Ascob.Backends.Jenkins;

/// <summary>Reads the marker off items and builds.</summary>
internal static class JenkinsMarker
{
    public const string Parameter = "ASCOB_RUN";

    /// <summary>Answers the marker; null where there is none to be seen.</summary>
    public static string? Of(IReadOnlyList<JenkinsAction?>? actions)
    {
        foreach (var parameter in (actions ?? []).SelectMany(a => a?.Parameters ?? []))
        {
            if (parameter is { Name: Parameter, Value.ValueKind: JsonValueKind.String } && Text(parameter.Value) is { Length: > 0 } marker)
            {
                return marker;
            }
        }

        return null;
    }

    /// <summary>
    /// Picks the build of a run from a list that begins with the newest: that of its queue item, or the oldest with its marker, because a person may have repeated the build with all its parameters.
    /// </summary>
    public static JenkinsBuild? Pick(IReadOnlyList<JenkinsBuild> builds, string marker, long? queueId) =>
        (queueId is null ? null : builds.FirstOrDefault(b => b.QueueId == queueId && CouldBe(b.Actions, marker))) ?? builds.LastOrDefault(b => Of(b.Actions) == marker);

    /// <summary>Answers whether nothing speaks against the item or build being that of a run. Numbers of queue items may come again after a crash of Jenkins.</summary>
    public static bool CouldBe(IReadOnlyList<JenkinsAction?>? actions, string marker) => Of(actions) is not { } seen || seen == marker;

    // Anybody may start a build with any text; one that is no valid Unicode is nobody's marker.
    private static string? Text(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
