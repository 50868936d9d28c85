namespace Ascob.Core.Backends;

/// <summary>The memory of what operators decided about backends; shared by all servers.</summary>
public interface IBackendStateStore
{
    /// <summary>Answers the backends that take no new runs.</summary>
    Task<IReadOnlySet<string>> GetDrainedAsync(CancellationToken cancellationToken);

    /// <summary>Drains or resumes a backend.</summary>
    Task SetDrainedAsync(string backendId, bool drained, CancellationToken cancellationToken);
}
