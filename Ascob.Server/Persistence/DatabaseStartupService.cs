namespace Ascob.Server.Persistence;

/// <summary>Brings the database up to date before anything of the server uses it: it is the first of the hosted services.</summary>
internal sealed class DatabaseStartupService(DatabaseStartup startup) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => startup.MigrateAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
