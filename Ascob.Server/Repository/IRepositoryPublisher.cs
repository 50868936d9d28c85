
namespace Ascob.Server.Repository;

/// <summary>Makes the repository's jobs known to the rest of the server. Done again after a crash, so it finds out itself what is left to do.</summary>
internal interface IRepositoryPublisher
{
    /// <summary>Brings everything to the given state, and notes in it that this is done. Stops where another state holds by now; what is left then, and what cannot be done yet, is done at a later call.</summary>
    Task PublishAsync(StoredState stored, CancellationToken cancellationToken);

    /// <summary>Does the same for one job.</summary>
    /// <param name="name">The job, which is in the state.</param>
    /// <param name="restIsPublished">Whether this was all that was left to do, and may be noted as done.</param>
    /// <param name="stored">The state.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    Task PublishJobAsync(string name, bool restIsPublished, StoredState stored, CancellationToken cancellationToken);
}
