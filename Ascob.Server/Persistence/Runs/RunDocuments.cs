using System.Text.Json;
using Ascob.Core.Runs;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The columns of a run that are JSON, made by whoever asks for the change, so that the writer, of which there may be only one, does not spend its time on them.</summary>
internal sealed record RunDocuments
{
    /// <summary>Gets the JobSpec of a new run; null for a change, since it never changes.</summary>
    public string? Spec { get; private init; }

    /// <summary>Gets the routing decision; null where it stays as it is.</summary>
    public string? Route { get; private init; }

    public string? BackendKeys { get; private init; }

    public string? Fences { get; private init; }

    public static RunDocuments OfNew(Run run) => Of(run, routeChanges: true) with { Spec = JsonSerializer.Serialize(run.Spec, StoreJson.Relaxed.JobSpec) };

    public static RunDocuments OfChange(RunChange change) => Of(change.After, !ReferenceEquals(change.Before.Route, change.After.Route));

    private static RunDocuments Of(Run run, bool routeChanges) => new()
    {
        Route = !routeChanges || run.Route is null ? null : JsonSerializer.Serialize(run.Route, StoreJson.Relaxed.RoutingDecision),
        BackendKeys = run.BackendKeys is null ? null : JsonSerializer.Serialize(run.BackendKeys, StoreJson.Relaxed.IReadOnlyDictionaryStringString),
        Fences = run.Fences is null ? null : JsonSerializer.Serialize(run.Fences, StoreJson.Relaxed.IReadOnlyDictionaryStringInt64),
    };
}
