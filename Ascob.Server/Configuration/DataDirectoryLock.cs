using Microsoft.Extensions.Options;

namespace Ascob.Server.Configuration;

/// <summary>
/// Holds the data directory for this process while it serves: two servers on one directory would take each other's leases and files. The kernel gives the hold back when the
/// process ends, however it ends.
/// </summary>
internal sealed class DataDirectoryLock(IOptions<AscobOptions> options) : IHostedLifecycleService, IDisposable
{
    private const string FileName = "server.lock";
    private FileStream? _held;

    /// <summary>Takes the hold for a server that is about to start, because the host would log a refusal with all its calls before anybody could say it in one line.</summary>
    /// <exception cref="DataDirectoryInUseException">Another server holds it.</exception>
    public static void TakeFor(IHost server) => server.Services.GetService<DataDirectoryLock>()?.Take();

    /// <inheritdoc/>
    /// <exception cref="DataDirectoryInUseException">Another server holds it.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Take();
        return Task.CompletedTask;
    }

    /// <summary>Takes the hold; does nothing where this object has it already.</summary>
    /// <exception cref="DataDirectoryInUseException">Another server holds it.</exception>
    public void Take()
    {
        if (_held is not null)
        {
            return;
        }

        var directory = options.Value.AbsoluteDataDirectory;
        PrivateDirectory.Create(directory);
        try
        {
            _held = new FileStream(Path.Combine(directory, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new DataDirectoryInUseException(
                $"Ascob:DataDirectory {directory} is held by another server; stop that one, or give this one a directory of its own.", e);
        }
    }

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _held?.Dispose();
        _held = null;
    }
}

/// <summary>Another server holds the data directory.</summary>
internal sealed class DataDirectoryInUseException(string message, Exception innerException) : Exception(message, innerException);
