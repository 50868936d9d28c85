
namespace Ascob.Server.Repository;

/// <summary>Makes the repository's jobs known to the rest of the server. Done again after a crash, so it finds out itself what is left to do.</summary>
internal interface IRepositoryPublisher
{
    /// <summary>Brings everything to the given state, and notes in it that this is done. Stops where another state holds by now; what is left then, and what cannot be done yet, is done at a later call.</summary>
    Task PublishAsync(StoredState stored, CancellationToken cancellationToken);
}
