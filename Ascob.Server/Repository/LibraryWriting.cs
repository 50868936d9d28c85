using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>Writes the library of a worker at its start.</summary>
internal sealed class LibraryWriting(Library library, IOptions<RepositoryOptions> options) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.IsConfigured)
        {
            library.Write();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
