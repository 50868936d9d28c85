using Ascob.Core.Locks;

namespace Ascob.Core.Client;

/// <summary>Every lock that is held or wanted.</summary>
/// <param name="Items">The locks with their holders and waiters.</param>
public sealed record LockListResponse(IReadOnlyList<LockInfo> Items);
