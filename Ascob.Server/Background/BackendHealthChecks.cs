using System.Collections.Concurrent;
using Ascob.Core.Backends;
using Ascob.Core.Timing;

namespace Ascob.Server.Background;

/// <summary>Asks the backends for their health now and then, and remembers the last answer of each.</summary>
internal sealed class BackendHealthChecks(BackendCatalog catalog, IBackendStateStore states, MonotonicClock clock)
{
    private readonly ConcurrentDictionary<string, BackendHealth> _last = new(StringComparer.Ordinal);
    private long? _asked;

    /// <summary>Gets how long ago this process asked the backends last; null for never.</summary>
    public TimeSpan? SinceLastCheck => _asked is { } asked ? clock.Time.GetElapsedTime(asked) : null;

    /// <summary>Gets the last answer of a backend; null before the first question.</summary>
    public BackendHealth? LastOf(string backendId) => _last.GetValueOrDefault(backendId);

    /// <summary>Asks all backends at once, and takes over which of them an operator has drained.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        _asked = clock.Time.GetTimestamp();
        await ReadDrainedAsync(cancellationToken);
        await Task.WhenAll(catalog.All.Select(b => CheckAsync(b, cancellationToken)));
    }

    /// <summary>Takes over which backends an operator has drained, here or at another server.</summary>
    public async Task ReadDrainedAsync(CancellationToken cancellationToken)
    {
        var drained = await states.GetDrainedAsync(cancellationToken);
        foreach (var backend in catalog.All)
        {
            backend.Condition.Drained = drained.Contains(backend.Id);
        }
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
