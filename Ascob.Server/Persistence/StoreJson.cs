using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Core.Jobs;
using Ascob.Core.Notifications;
using Ascob.Core.Routing;
using Ascob.Core.Runs;

namespace Ascob.Server.Persistence;

/// <summary>The JSON of the columns that hold it. Its shape is that of the store, not of the wire.</summary>
[JsonSerializable(typeof(JobSpec))]
[JsonSerializable(typeof(RoutingDecision))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, long>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(List<StoredLockRequest>))]
[JsonSerializable(typeof(List<StoredFile>))]
[JsonSerializable(typeof(List<StoredReschedule>))]
[JsonSerializable(typeof(NoticeFacts))]
[JsonSerializable(typeof(ReceiverSettings))]
[JsonSerializable(typeof(SubscriptionFilter))]
internal sealed partial class StoreJson : JsonSerializerContext
{
    // The columns are read by nothing but us, so text may stay readable instead of being escaped for HTML.
    public static StoreJson Relaxed { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<LockMode>(), new JsonStringEnumConverter<LockPolicy>(), new JsonStringEnumConverter<RunStatus>() },
    });
}

/// <summary>A lock request on its way into the database.</summary>
internal sealed record StoredLockRequest(string Key, string Mode, string Policy);

/// <summary>A reschedule on its way into the database.</summary>
internal sealed record StoredReschedule(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long Id,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long Version,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long Next,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int Failed);

/// <summary>A file on its way into the database.</summary>
internal sealed record StoredFile(
    string Name,
    string StoredName,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long Size,
    string Sha256);
