using System.Collections.Concurrent;
using Ascob.Core.Backends;
using Ascob.Core.Timing;

namespace Ascob.Server.Background;

/// <summary>Asks the backends for their health, and remembers the last answer of each; and knows which are drained.</summary>
internal sealed class BackendHealthChecks(BackendCatalog catalog, IBackendStateStore states, MonotonicClock clock) : IDisposable
{
    private readonly ConcurrentDictionary<string, BackendHealth> _last = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _drainedGate = new(1);

    /// <summary>Gets the last answer of a backend; null before the first question.</summary>
    public BackendHealth? LastOf(string backendId) => _last.GetValueOrDefault(backendId);

    /// <summary>Takes over which backends an operator has drained, at whatever server.</summary>
    public async Task RefreshDrainedAsync(CancellationToken cancellationToken)
    {
        // One after the other, or one that read before an order would overwrite one that read after it.
        await _drainedGate.WaitAsync(cancellationToken);
        try
        {
            var drained = await states.GetDrainedAsync(cancellationToken);
            foreach (var backend in catalog.All)
            {
                backend.Condition.Drained = drained.Contains(backend.Id);
            }
        }
        finally
        {
            _drainedGate.Release();
        }
    }

    /// <summary>Asks all backends at once how they are.</summary>
    public Task CheckAsync(CancellationToken cancellationToken) => Task.WhenAll(catalog.Served.Select(b => CheckAsync(b, cancellationToken)));

    /// <inheritdoc/>
    public void Dispose() => _drainedGate.Dispose();

    private async Task CheckAsync(BackendEntry backend, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(backend.Options.Resilience.Timeout, clock.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            _last[backend.Id] = await backend.Adapter.CheckHealthAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _last[backend.Id] = new BackendHealth(false, $"no answer within {backend.Options.Resilience.Timeout.TotalSeconds:0.#} s");
        }
    }
}
