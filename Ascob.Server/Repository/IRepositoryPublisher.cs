using Ascob.Core.Repository;

namespace Ascob.Server.Repository;

/// <summary>Makes the repository's jobs known to the rest of the server. Done again after a crash, so it finds out itself what is left to do.</summary>
internal interface IRepositoryPublisher
{
    /// <summary>Brings everything to the given state; false where something is left to be done later.</summary>
    Task<bool> PublishAsync(RepositoryState state, CancellationToken cancellationToken);
}
