using Ascob.Core.Locks;

namespace Ascob.Core.Client;

/// <summary>Every lock that is held or wanted.</summary>
/// <param name="Items">The locks with their holders and waiters.</param>
public sealed record LockListResponse(IReadOnlyList<LockInfo> Items)
{
    /// <summary>Gets who keeps the locks, and how that is.</summary>
    public LockKeeperInfo? Keeper { get; init; }
}

/// <summary>Who keeps the locks.</summary>
/// <param name="Provider"><c>database</c> or <c>consul</c>.</param>
/// <param name="State"><c>ok</c>, or in a word why no locks are granted: <c>away</c>, <c>denied</c>, <c>refused</c>, <c>rebuilt</c>.</param>
/// <param name="Reason">The same in a sentence; null while all is well.</param>
/// <param name="Since">Since when; null while all is well.</param>
public sealed record LockKeeperInfo(string Provider, string State, string? Reason, DateTimeOffset? Since)
{
    internal static LockKeeperInfo From(LockCondition condition) =>
        new(condition.Provider, condition.Trouble?.Kind ?? "ok", condition.Trouble?.Reason, condition.Trouble?.Since);
}
