namespace Ascob.Server.Cli;

/// <summary>Runs a server or a worker until it is asked to stop.</summary>
internal static class HostRunner
{
    /// <summary>
    /// Starts the host, waits for the order to stop, and stops it. An order that comes during the start is carried out as well: the parts that had started stop in order, so that the others on the database are told.
    /// </summary>
    public static async Task RunToEndAsync(this IHost host, CancellationToken cancellationToken)
    {
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        using var asked = cancellationToken.Register(lifetime.StopApplication);
        try
        {
            await host.StartAsync(CancellationToken.None);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await host.StopAsync(CancellationToken.None);
            return;
        }

        await host.WaitForShutdownAsync(CancellationToken.None);
    }
}
