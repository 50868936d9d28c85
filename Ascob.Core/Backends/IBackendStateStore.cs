namespace Ascob.Core.Backends;

/// <summary>The memory of what operators ordered about backends; the same for all servers.</summary>
public interface IBackendStateStore
{
    /// <summary>Answers the ids of the drained backends.</summary>
    Task<IReadOnlySet<string>> GetDrainedAsync(CancellationToken cancellationToken);

    /// <summary>Holds new runs back from a backend, or lets them through again.</summary>
    Task SetDrainedAsync(string backendId, bool drained, CancellationToken cancellationToken);
}
