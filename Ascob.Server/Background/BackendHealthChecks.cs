using System.Collections.Concurrent;
using Ascob.Core.Backends;
using Ascob.Core.Timing;

namespace Ascob.Server.Background;

/// <summary>Asks the backends for their health now and then, and remembers the last answer of each.</summary>
internal sealed class BackendHealthChecks(BackendCatalog catalog, IBackendStateStore states, MonotonicClock clock)
{
    private readonly ConcurrentDictionary<string, BackendHealth> _last = new(StringComparer.Ordinal);

    /// <summary>Gets the last answer of a backend; null before the first question.</summary>
    public BackendHealth? LastOf(string backendId) => _last.GetValueOrDefault(backendId);

    /// <summary>Asks all backends at once, and takes over which of them an operator has drained.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var drained = await states.GetDrainedAsync(cancellationToken);
        foreach (var backend in catalog.All)
        {
            backend.Condition.Drained = drained.Contains(backend.Id);
        }

        await Task.WhenAll(catalog.Served.Select(b => CheckAsync(b, cancellationToken)));
    }

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
