namespace Ascob.Server.Persistence.Writing;

/// <summary>The way into the database for everything that changes it.</summary>
internal interface IStoreWriter
{
    /// <summary>Stores the change and answers after its commit.</summary>
    Task<T> WriteAsync<T>(WriteOperation<T> operation, CancellationToken cancellationToken);
}
