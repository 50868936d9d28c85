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
            if (parameter is { Name: Parameter, Value.ValueKind: JsonValueKind.String } && parameter.Value.GetString() is { Length: > 0 } marker)
            {
                return marker;
            }
        }

        return null;
    }

    /// <summary>Answers whether a build is that of a run: by its marker, or by its queue item where no marker can be seen.</summary>
    public static bool IsOf(this JenkinsBuild build, string marker, long? queueId) =>
        Of(build.Actions) is { } seen ? seen == marker : queueId is not null && build.QueueId == queueId;

    /// <summary>Answers whether nothing speaks against the item or build being that of a run. Numbers of queue items may come again after a crash of Jenkins.</summary>
    public static bool CouldBe(IReadOnlyList<JenkinsAction?>? actions, string marker) => Of(actions) is not { } seen || seen == marker;
}
