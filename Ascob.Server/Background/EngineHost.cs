using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Server.Background;

/// <summary>
/// Starts and stops the engine with the server, and watches over its loops: normally a Hangfire job drives each of them, and when none has done so for a moment (the storage is lost, slow or
/// just starting) they are driven from here. The database is the truth; Hangfire only saves time.
/// </summary>
internal sealed class EngineHost(
    EngineLoops loops,
    EngineReactions engine,
    Dispatcher dispatcher,
    IRunStore store,
    ServerIdentity server,
    MonotonicClock clock,
    ILogger<EngineHost> logger) : BackgroundService
{
    /// <summary>The silence after which a loop is driven from here.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.TakeOverAbandonedLeasesAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        using var grace = new CancellationTokenSource(StopGrace, clock.Time);
        try
        {
            await dispatcher.StopAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            logger.LogWarning("{Count} submissions were still under way at the stop; they are looked up when a server takes them over", dispatcher.InHand);
        }

        await base.StopAsync(cancellationToken);
        try
        {
            await store.ReleaseLeasesAsync(server.LeaseOwner, CancellationToken.None);
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("The leases could not be given back and run out by themselves: {Reason}", e.Message);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var reactions = engine.RunAsync(stoppingToken);
        var driven = new Dictionary<string, Task>(StringComparer.Ordinal);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                foreach (var name in loops.Names)
                {
                    var busy = driven.TryGetValue(name, out var task) && !task.IsCompleted;
                    if (!busy && loops.SinceLastTurn(name) is not { } silence || !busy && loops.SinceLastTurn(name) > Patience)
                    {
                        driven[name] = Task.Run(() => loops.DriveAsync(name, Window, stoppingToken), stoppingToken);
                    }
                }

                await Task.Delay(Watch, clock.Time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }

        await Task.WhenAll([reactions, .. driven.Values]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
