namespace Ascob.Server.Persistence.Locks;

/// <summary>A lock as Consul has it.</summary>
/// <param name="Session">The session that holds it.</param>
/// <param name="Index">The raft index of the last change of its key: the fencing number.</param>
/// <param name="CreateIndex">The raft index at which its key was made.</param>
internal sealed record LockHold(string Session, long Index, long CreateIndex);

/// <summary>The locks that were taken in Consul for a grant.</summary>
/// <param name="Keys">By name.</param>
/// <param name="Server">This server's name.</param>
/// <param name="IndexBefore">The highest index that was known before: Consul's indexes only grow, so all of these are higher unless it has lost its memory.</param>
/// <param name="WhyNot">Asked in the transaction: answers what has become of the session meanwhile, null while it is good.</param>
internal sealed record LockHolds(IReadOnlyDictionary<string, LockHold> Keys, string Server, long IndexBefore, Func<string?> WhyNot);

/// <summary>A row of <c>lock_keeps</c>.</summary>
/// <param name="Key">The lock.</param>
/// <param name="Session">The session that holds it in Consul, as far as is known.</param>
/// <param name="Server">The server whose session that is; empty where it has left.</param>
/// <param name="Index">The raft index of its last change by us.</param>
/// <param name="CreateIndex">The raft index at which we made the key; 0 where others made it.</param>
/// <param name="QuarantinedAt">Since when it is known that Consul no longer holds it for us; null where it does.</param>
/// <param name="RunId">A run that holds it; null for none.</param>
internal sealed record KeptLock(string Key, string Session, string Server, long Index, long CreateIndex, DateTimeOffset? QuarantinedAt, long? RunId);

/// <summary>What is remembered of Consul itself.</summary>
/// <param name="Installation">The name of this installation of Ascob in the sessions' names.</param>
/// <param name="HighestIndex">The highest raft index seen.</param>
/// <param name="Rebuilt">Why it is believed that Consul has lost its memory; null where it has not.</param>
internal sealed record ConsulMemory(string Installation, long HighestIndex, string? Rebuilt);
