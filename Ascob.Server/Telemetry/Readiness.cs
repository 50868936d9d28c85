using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Server.Configuration;

namespace Ascob.Server.Telemetry;

/// <summary>
/// Knows whether this server should get requests: it has started, it is not stopping, and its store answers. After SIGTERM it says no first, and goes on serving for
/// <see cref="AscobOptions.ShutdownDelay"/>, so that load balancers can turn away.
/// </summary>
internal sealed class Readiness(IRunStore store, ServerDrain drain, IConfiguration configuration, IHostEnvironment environment, TimeProvider time) : IHostedLifecycleService
{
    private static readonly TimeSpan Remember = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly Lock _gate = new();
    private volatile bool _started;
    private Task<bool>? _check;
    private long _checkedAt;

    /// <summary>Answers null when ready, else why not.</summary>
    public async Task<string?> WhyNotAsync()
    {
        if (drain.IsDraining || !_started)
        {
            return drain.IsDraining ? "draining" : "starting";
        }

        return await CheckStoreAsync() ? null : "the store does not answer";
    }

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _started = true;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        drain.Begin();
        var delay = AscobOptions.ShutdownDelayOf(configuration, environment);
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The route is open, so its answer is shared: nobody can load the store by asking often.
    private Task<bool> CheckStoreAsync()
    {
        lock (_gate)
        {
            if (_check is null || (_check.IsCompleted && time.GetElapsedTime(_checkedAt) >= Remember))
            {
                _check = AskStoreAsync();
                _checkedAt = time.GetTimestamp();
            }

            return _check;
        }
    }

    private async Task<bool> AskStoreAsync()
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            await store.FindAsync(0, patience.Token).WaitAsync(patience.Token);
            return true;
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
            return false;
        }
    }
}
