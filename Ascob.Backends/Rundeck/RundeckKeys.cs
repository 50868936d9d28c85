using System.Globalization;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>What finds an execution again. After a retry by Rundeck <c>executionId</c> is the latest execution and <c>firstExecutionId</c> the one that was started.</summary>
internal static class RundeckKeys
{
    private const string Instance = "instance";
    private const string ExecutionId = "executionId";
    private const string FirstExecutionId = "firstExecutionId";
    private const string ProjectName = "project";

    public static Dictionary<string, string> Of(string backendId, RundeckExecution execution)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal) { [Instance] = backendId, [ExecutionId] = Text(execution.Id) };
        if (execution.Project is { Length: > 0 } project)
        {
            keys[ProjectName] = project;
        }

        return keys;
    }

    /// <summary>Answers what changes when the execution with these keys goes on in another one.</summary>
    public static Dictionary<string, string> GoneOn(BackendRunRef run, long latest) => new(StringComparer.Ordinal)
    {
        [ExecutionId] = Text(latest),
        [FirstExecutionId] = Text(First(run) ?? latest),
    };

    public static long? Latest(BackendRunRef run) => Number(run, ExecutionId);

    public static long? First(BackendRunRef run) => Number(run, FirstExecutionId) ?? Latest(run);

    /// <summary>Answers the project; null where it is unknown or cannot stand in a path.</summary>
    public static string? Project(BackendRunRef run) => run.Keys.GetValueOrDefault(ProjectName) is { } project && RundeckJobRules.IsSegment(project) ? project : null;

    private static long? Number(BackendRunRef run, string key) =>
        run.Keys.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0 ? id : null;

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
