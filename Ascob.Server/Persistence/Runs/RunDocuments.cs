using System.Text.Json;
using Ascob.Core.Runs;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The columns of a run that are JSON, made by whoever asks for the change, so that the writer, of which there may be only one, does not spend its time on them.</summary>
internal sealed record RunDocuments
{
    // In the column of the keys until the backend answers: before that it is all there is to find the job by. No adapter has a key of this form.
    private const string IntentPlace = "@intent";

    /// <summary>Gets the JobSpec of a new run; null for a change, since it never changes.</summary>
    public string? Spec { get; private init; }

    /// <summary>Gets the routing decision; null where it stays as it is.</summary>
    public string? Route { get; private init; }

    public string? BackendKeys { get; private init; }

    public string? Fences { get; private init; }

    public static RunDocuments OfNew(Run run) => Of(run, routeChanges: true) with { Spec = JsonSerializer.Serialize(run.Spec, StoreJson.Relaxed.JobSpec) };

    public static RunDocuments OfChange(RunChange change) => Of(change.After, !ReferenceEquals(change.Before.Route, change.After.Route));

    /// <summary>Takes the place apart from the keys that the backend answered.</summary>
    public static (IReadOnlyDictionary<string, string>? Keys, string? Place) ReadKeys(string? stored)
    {
        var keys = stored is null ? null : JsonSerializer.Deserialize(stored, StoreJson.Relaxed.IReadOnlyDictionaryStringString);
        return keys is not null && keys.TryGetValue(IntentPlace, out var place)
            ? (keys.Count == 1 ? null : keys.Where(k => k.Key != IntentPlace).ToDictionary(StringComparer.Ordinal), place)
            : (keys, null);
    }

    private static IReadOnlyDictionary<string, string>? WithPlace(Run run) => run is { IntentPlace: { } place, IntentAt: not null, BackendKeys: not { Count: > 0 } }
        ? new Dictionary<string, string>(StringComparer.Ordinal) { [IntentPlace] = place }
        : run.BackendKeys;

    private static RunDocuments Of(Run run, bool routeChanges) => new()
    {
        Route = !routeChanges || run.Route is null ? null : JsonSerializer.Serialize(run.Route, StoreJson.Relaxed.RoutingDecision),
        BackendKeys = WithPlace(run) is { } keys ? JsonSerializer.Serialize(keys, StoreJson.Relaxed.IReadOnlyDictionaryStringString) : null,
        Fences = run.Fences is null ? null : JsonSerializer.Serialize(run.Fences, StoreJson.Relaxed.IReadOnlyDictionaryStringInt64),
    };
}
