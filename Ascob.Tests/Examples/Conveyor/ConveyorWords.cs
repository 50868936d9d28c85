using Ascob.Core.Backends;

namespace Ascob.Tests.Examples.Conveyor;

/// <summary>The product's words in the common vocabulary.</summary>
internal static class ConveyorWords
{
    /// <summary>Answers the state behind a word; null for a word that nobody has heard of, which is never guessed.</summary>
    public static BackendState? StateOf(string word) => word switch
    {
        "waiting" => BackendState.Queued,
        "moving" => BackendState.Running,
        "delivered" => BackendState.Succeeded,
        "dropped" => BackendState.Failed,
        "recalled" => BackendState.Aborted,
        _ => null,
    };
}
