namespace Ascob.Core.Cluster;

/// <summary>
/// Asks another process of the cluster to look at a run now. A hint: where it gets lost, the run is found when it is due.
/// </summary>
public interface IAttention
{
    /// <summary>Asks a member, or whichever server has time where none is named. Returns at once and never throws.</summary>
    void Ask(string? memberName, long runId);
}

/// <summary>For a process that has its database for itself.</summary>
public sealed class NobodyElse : IAttention
{
    /// <inheritdoc/>
    public void Ask(string? memberName, long runId)
    {
    }
}
