using System.Diagnostics.CodeAnalysis;

namespace Ascob.Core.Backends;

/// <summary>
/// The backends that this process knows: those it is configured with, which it serves, and those of workers, which it only routes to. It ends the adapters with itself.
/// </summary>
public sealed class BackendCatalog : IAsyncDisposable
{
    private readonly BackendEntry[] _served;
    private volatile Snapshot _now;

    /// <summary>Initialises the catalogue with the configured backends; ids are compared as they are written.</summary>
    public BackendCatalog(IEnumerable<BackendEntry> entries)
    {
        _served = [.. entries.OrderBy(e => e.Id, StringComparer.Ordinal)];
        _now = new Snapshot(_served);
    }

    /// <summary>Gets all backends, by id.</summary>
    public IReadOnlyList<BackendEntry> All => _now.All;

    /// <summary>Gets those that this process serves: it submits to them and follows their runs. They stay the same for its whole life.</summary>
    public IReadOnlyList<BackendEntry> Served => _served;

    /// <summary>Gets those of workers, which do that themselves.</summary>
    public IEnumerable<BackendEntry> OfWorkers => _now.All.Where(e => !e.ServedHere);

    /// <summary>Gets the keys of all labels that some backend declares: these route, all others are metadata.</summary>
    public IReadOnlySet<string> DeclaredLabels => _now.DeclaredLabels;

    /// <summary>Finds a backend by its id.</summary>
    public bool TryGet(string? backendId, [NotNullWhen(true)] out BackendEntry? entry)
    {
        entry = null;
        return backendId is not null && _now.ById.TryGetValue(backendId, out entry);
    }

    /// <summary>Takes over which backends of workers there are. One with the id of a configured backend is passed over.</summary>
    public void SetWorkers(IEnumerable<BackendEntry> workers)
    {
        ArgumentNullException.ThrowIfNull(workers);
        _now = new Snapshot([.. _served.Concat(workers.Where(w => !_served.Any(s => s.Id == w.Id))).OrderBy(e => e.Id, StringComparer.Ordinal)]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var entry in All)
        {
            switch (entry.Adapter)
            {
                case IAsyncDisposable adapter:
                    await adapter.DisposeAsync().ConfigureAwait(false);
                    break;
                case IDisposable adapter:
                    adapter.Dispose();
                    break;
                default:
                    break;
            }
        }
    }

    private sealed class Snapshot(BackendEntry[] all)
    {
        public BackendEntry[] All { get; } = all;

        public Dictionary<string, BackendEntry> ById { get; } = all.ToDictionary(e => e.Id, StringComparer.Ordinal);

        public HashSet<string> DeclaredLabels { get; } = all.SelectMany(e => e.Options.Labels.Keys).ToHashSet(StringComparer.Ordinal);
    }
}

/// <summary>One backend with its adapter and what is known of its condition in this process.</summary>
public sealed class BackendEntry(string id, IBackendType type, BackendOptions options, IBackendAdapter adapter, BackendCondition condition)
{
    /// <summary>Gets the id.</summary>
    public string Id { get; } = id;

    /// <summary>Gets the type.</summary>
    public IBackendType Type { get; } = type;

    /// <summary>Gets the settings.</summary>
    public BackendOptions Options { get; } = options;

    /// <summary>Gets the adapter.</summary>
    public IBackendAdapter Adapter { get; } = adapter;

    /// <summary>Gets the condition: circuit, drain, load.</summary>
    public BackendCondition Condition { get; } = condition;

    /// <summary>Gets the name of the worker that serves this backend; null where this process does.</summary>
    public string? Worker { get; init; }

    /// <summary>Gets whether this process submits to the backend and follows its runs.</summary>
    public bool ServedHere => Worker is null;

    /// <summary>Gets the turnstile of submissions: <see cref="BackendResilienceOptions.MaxConcurrentCalls"/> at once in this process.</summary>
    internal SemaphoreSlim Calls { get; } = new(options.Resilience.MaxConcurrentCalls);
}
