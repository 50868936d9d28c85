using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>What Jenkins' words mean in the common vocabulary. A word that is not here never ends a run.</summary>
internal static class JenkinsWords
{
    public const string Cancelled = "CANCELLED";
    public const string Running = "BUILDING";

    /// <summary>Judges a build. Only its end counts: a result may stand there while the build still runs.</summary>
    public static BackendState OfBuild(bool? building, string? result, JenkinsSettings settings) => (building, result) switch
    {
        (true, _) => BackendState.Running,
        (false, "SUCCESS") => BackendState.Succeeded,
        (false, "UNSTABLE") => settings.Unstable,
        (false, "FAILURE") => BackendState.Failed,
        (false, "ABORTED") => BackendState.Aborted,
        (false, "NOT_BUILT") => settings.NotBuilt,
        _ => BackendState.Unreachable,
    };

    /// <summary>Answers the word for an item of the queue.</summary>
    public static string OfItem(JenkinsItem item) => item switch
    {
        { Cancelled: true } => Cancelled,
        { Stuck: true } => "STUCK",
        { Blocked: true } => "BLOCKED",
        { Pending: true } => "PENDING",
        { Buildable: true } => "BUILDABLE",
        _ => "WAITING",
    };
}
