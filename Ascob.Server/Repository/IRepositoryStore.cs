using Ascob.Core.Repository;

namespace Ascob.Server.Repository;

/// <summary>The memory of the repository's jobs.</summary>
internal interface IRepositoryStore
{
    /// <summary>Reads what holds now.</summary>
    Task<StoredState> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Puts a new state in the place of the one that was read; false where somebody was faster.</summary>
    Task<bool> TryReplaceAsync(StoredState before, RepositoryState after, CancellationToken cancellationToken);
}
