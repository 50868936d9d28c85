using System.Text.Json.Serialization;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>One step of a transaction.</summary>
internal sealed record ConsulOperation([property: JsonPropertyName("KV")] ConsulStep Step)
{
    public static ConsulOperation Lock(string key, string session, string value) => new(new ConsulStep("lock", key) { Session = session, Value = value });

    public static ConsulOperation Unlock(string key, string session) => new(new ConsulStep("unlock", key) { Session = session });

    public static ConsulOperation CheckIndex(string key, long index) => new(new ConsulStep("check-index", key) { Index = index });

    public static ConsulOperation Delete(string key) => new(new ConsulStep("delete", key));

    public static ConsulOperation Get(string key) => new(new ConsulStep("get", key));
}

/// <summary>The inside of <see cref="ConsulOperation"/>.</summary>
internal sealed record ConsulStep(string Verb, string Key)
{
    public string? Session { get; init; }

    /// <summary>Gets the value, in base64.</summary>
    public string? Value { get; init; }

    public long? Index { get; init; }
}

/// <summary>A key as Consul shows it. Its LockIndex is left out on purpose: a plain write sets it back, so it orders nothing.</summary>
internal sealed record ConsulKey(string Key, string? Session, long CreateIndex, long ModifyIndex);

/// <summary>The answer to a transaction: results, or the steps that stood in the way.</summary>
internal sealed record ConsulTransaction(IReadOnlyList<ConsulTransactionResult>? Results, IReadOnlyList<ConsulTransactionError>? Errors);

/// <summary>One result.</summary>
internal sealed record ConsulTransactionResult([property: JsonPropertyName("KV")] ConsulKey? Key);

/// <summary>A step that failed.</summary>
internal sealed record ConsulTransactionError(int OpIndex, string? What);

/// <summary>A session.</summary>
internal sealed record ConsulSessionInfo([property: JsonPropertyName("ID")] string? Id, string? Name);

/// <summary>What a session is to be. Its life hangs on its renewal alone and not on the health of the agent it was made through.</summary>
internal sealed record ConsulSessionRequest(
    string Name, [property: JsonPropertyName("TTL")] string Ttl, string LockDelay, string Behavior, IReadOnlyList<string> Checks, IReadOnlyList<string> NodeChecks);

/// <summary>What Ascob writes into a key, for people and for other systems.</summary>
internal sealed record ConsulKeyValue(string System, string Installation, string Server, long Run, string Grant);

/// <summary>All keys below the prefix at an index.</summary>
internal sealed record ConsulListing(IReadOnlyList<ConsulKey> Keys, long Index);

/// <summary>The metadata of the wire types.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConsulKeyValue))]
[JsonSerializable(typeof(ConsulSessionRequest))]
[JsonSerializable(typeof(ConsulTransaction))]
[JsonSerializable(typeof(List<ConsulKey>))]
[JsonSerializable(typeof(List<ConsulOperation>))]
[JsonSerializable(typeof(List<ConsulSessionInfo>))]
[JsonSerializable(typeof(ConsulSessionInfo))]
internal sealed partial class ConsulJson : JsonSerializerContext;
