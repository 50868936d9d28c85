namespace Ascob.Core.Locks;

/// <summary>How the keeper of named locks is: what operators, doctor and metrics are told. Thread-safe.</summary>
public sealed class LockCondition(string provider)
{
    private volatile LockTrouble? _trouble;
    private volatile LockCounts _counts = new(0, 0, 0);

    /// <summary>Gets where locks are kept: <c>database</c> or <c>consul</c>.</summary>
    public string Provider { get; } = provider;

    /// <summary>Gets or sets how many locks are held and wanted, as last counted.</summary>
    public LockCounts Counts
    {
        get => _counts;
        set => _counts = value;
    }

    /// <summary>Gets or sets what keeps locks from being granted; null for nothing.</summary>
    public LockTrouble? Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }
}

/// <summary>What keeps locks from being granted.</summary>
/// <param name="Kind">In a word.</param>
/// <param name="Reason">In a sentence, for operators and in the reason of waiting runs.</param>
/// <param name="Since">Since when.</param>
public sealed record LockTrouble(string Kind, string Reason, DateTimeOffset Since);
