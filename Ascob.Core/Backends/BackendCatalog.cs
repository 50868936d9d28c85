using System.Diagnostics.CodeAnalysis;

namespace Ascob.Core.Backends;

/// <summary>The configured backends of this server. It ends their adapters with itself.</summary>
public sealed class BackendCatalog : IAsyncDisposable
{
    private readonly Dictionary<string, BackendEntry> _entries;

    /// <summary>Initialises the catalogue; ids are compared as they are written.</summary>
    public BackendCatalog(IEnumerable<BackendEntry> entries)
    {
        _entries = entries.ToDictionary(e => e.Id, StringComparer.Ordinal);
        All = [.. _entries.Values.OrderBy(e => e.Id, StringComparer.Ordinal)];
        DeclaredLabels = _entries.Values.SelectMany(e => e.Options.Labels.Keys).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Gets all backends, by id.</summary>
    public IReadOnlyList<BackendEntry> All { get; }

    /// <summary>Gets the keys of all labels that some backend declares: these route, all others are metadata.</summary>
    public IReadOnlySet<string> DeclaredLabels { get; }

    /// <summary>Finds a backend by its id.</summary>
    public bool TryGet(string? backendId, [NotNullWhen(true)] out BackendEntry? entry)
    {
        entry = null;
        return backendId is not null && _entries.TryGetValue(backendId, out entry);
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
}

/// <summary>One configured backend with its adapter and what is known of its condition on this server.</summary>
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

    /// <summary>Gets the turnstile of submissions: <see cref="BackendResilienceOptions.MaxConcurrentCalls"/> at once in this process.</summary>
    internal SemaphoreSlim Calls { get; } = new(options.Resilience.MaxConcurrentCalls);
}
