namespace Ascob.Core.Backends;

/// <summary>Remembers what operators decided about backends, for all servers.</summary>
public interface IBackendStateStore
{
    /// <summary>Reads the ids of the backends that are drained.</summary>
    Task<IReadOnlySet<string>> GetDrainedAsync(CancellationToken cancellationToken);

    /// <summary>Drains or resumes a backend.</summary>
    Task SetDrainedAsync(string backendId, bool drained, CancellationToken cancellationToken);
}
