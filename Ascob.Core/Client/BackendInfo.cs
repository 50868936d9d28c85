using Ascob.Core.Backends;

namespace Ascob.Core.Client;

/// <summary>A configured backend as clients see it.</summary>
public sealed record BackendInfo
{
    /// <summary>Gets the id.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the type, such as <c>Shell</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Gets the worker that serves it; null where the servers do.</summary>
    public string? Worker { get; init; }

    /// <summary>Gets the labels that route to it.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Gets whether it is thought to take work now.</summary>
    public bool Healthy { get; init; }

    /// <summary>Gets why not, or what went wrong last; null for nothing.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets the circuit: <c>closed</c>, <c>half_open</c> or <c>open</c>.</summary>
    public required string Circuit { get; init; }

    /// <summary>Gets whether an operator holds new runs back.</summary>
    public bool Drained { get; init; }

    /// <summary>Gets how many runs it works on.</summary>
    public int Running { get; init; }

    /// <summary>Gets the most runs at once; null for no limit.</summary>
    public int? Capacity { get; init; }

    /// <summary>Gets what it can do: <c>find</c>, <c>status</c>, <c>stop</c>, <c>output</c>, <c>changes</c>, <c>safe_resend</c>.</summary>
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>Shows a backend in the condition that this server knows.</summary>
    public static BackendInfo From(BackendEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var circuit = entry.Condition.Circuit;
        return new BackendInfo
        {
            Id = entry.Id,
            Type = entry.Type.Name,
            Labels = entry.Options.Labels,
            Healthy = circuit != CircuitState.Open && entry.Condition.Away is null,
            Reason = entry.Condition.Away ?? entry.Condition.LastError,
            Worker = entry.Worker,
            Circuit = Word(circuit),
            Drained = entry.Condition.Drained,
            Running = entry.Condition.Active,
            Capacity = entry.Options.MaxConcurrentRuns,
            Capabilities = Words(entry.Adapter.Capabilities),
        };
    }

    private static string Word(CircuitState circuit) => circuit switch
    {
        CircuitState.Closed => "closed",
        CircuitState.HalfOpen => "half_open",
        CircuitState.Open => "open",
    };

    private static IReadOnlyList<string> Words(BackendCapabilities capabilities) =>
    [
        .. new[]
        {
            (BackendCapabilities.Find, "find"),
            (BackendCapabilities.Status, "status"),
            (BackendCapabilities.Stop, "stop"),
            (BackendCapabilities.Output, "output"),
            (BackendCapabilities.Changes, "changes"),
            (BackendCapabilities.SafeResend, "safe_resend"),
        }.Where(c => capabilities.HasFlag(c.Item1)).Select(c => c.Item2),
    ];
}

/// <summary>The configured backends, by id.</summary>
/// <param name="Items">The backends.</param>
public sealed record BackendList(IReadOnlyList<BackendInfo> Items);
