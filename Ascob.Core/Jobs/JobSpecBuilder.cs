using System.Collections.ObjectModel;

namespace Ascob.Core.Jobs;

/// <summary>
/// Builds a <see cref="JobSpec"/>. <see cref="Build"/> takes a snapshot: calls made afterwards change later jobs only. What is allowed in a job is checked by
/// <see cref="JobSpecValidator"/>, not here. Not safe for use by several threads at once.
/// </summary>
/// <param name="submitter">The end user who owns the job; null where the token alone identifies the caller.</param>
public sealed class JobSpecBuilder(string? submitter)
{
    private readonly Dictionary<string, string> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _parameters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _secretParameters = new(StringComparer.Ordinal);
    private readonly List<LockSpec> _locks = [];
    private string? _description;
    private bool _manualStart;
    private bool _runtimeVariables;
    private int? _timeoutSeconds;
    private RetrySpec? _retry;
    private int _priority;
    private int? _lockWaitSeconds;

    /// <summary>Sets the text shown to people; null for none.</summary>
    public JobSpecBuilder WithDescription(string? description)
    {
        _description = description;
        return this;
    }

    /// <summary>Sets a label; a later value of the same key replaces the earlier one.</summary>
    public JobSpecBuilder WithLabel(string key, string value)
    {
        Set(_labels, key, value);
        return this;
    }

    /// <summary>Sets several labels, as <see cref="WithLabel"/> does.</summary>
    public JobSpecBuilder WithLabels(IEnumerable<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        foreach (var (key, value) in labels)
        {
            Set(_labels, key, value);
        }

        return this;
    }

    /// <summary>Sets a parameter; a later value of the same name replaces the earlier one.</summary>
    public JobSpecBuilder WithParameter(string name, string value)
    {
        Set(_parameters, name, value);
        return this;
    }

    /// <summary>Sets a parameter whose value is encrypted at rest and never shown.</summary>
    public JobSpecBuilder WithSecretParameter(string name, string value)
    {
        Set(_secretParameters, name, value);
        return this;
    }

    /// <summary>Claims a lock for this run alone; the run waits in line for it.</summary>
    public JobSpecBuilder WithLock(string key) => WithLock(new LockSpec(key));

    /// <summary>Claims a lock.</summary>
    public JobSpecBuilder WithLock(LockSpec lockSpec)
    {
        ArgumentNullException.ThrowIfNull(lockSpec);
        _locks.Add(lockSpec);
        return this;
    }

    /// <summary>Claims a lock that runs may hold together.</summary>
    public JobSpecBuilder WithSharedLock(string key) => WithLock(new LockSpec(key, LockMode.Shared));

    /// <summary>Claims several locks for this run alone, beside those claimed before.</summary>
    public JobSpecBuilder WithLocks(params string[] keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _locks.AddRange(keys.Select(key => new LockSpec(key)));
        return this;
    }

    /// <summary>Lets the run wait for a call of <c>/start</c>.</summary>
    public JobSpecBuilder WithManualStart()
    {
        _manualStart = true;
        return this;
    }

    /// <summary>Lets the run start by itself; the usual case.</summary>
    public JobSpecBuilder WithAutomaticStart()
    {
        _manualStart = false;
        return this;
    }

    /// <summary>Lets <c>%%NAME%%</c> be replaced, see <see cref="Jobs.RuntimeVariables"/>.</summary>
    public JobSpecBuilder EnableRuntimeVariables()
    {
        _runtimeVariables = true;
        return this;
    }

    /// <summary>Takes strings as they are; the usual case.</summary>
    public JobSpecBuilder DisableRuntimeVariables()
    {
        _runtimeVariables = false;
        return this;
    }

    /// <summary>Bounds the job's running time; parts of a second count as a whole one.</summary>
    public JobSpecBuilder WithTimeout(TimeSpan timeout)
    {
        _timeoutSeconds = WholeSeconds(timeout, nameof(timeout));
        return this;
    }

    /// <summary>Repeats failed attempts.</summary>
    /// <param name="maxAttempts">All attempts together, the first included.</param>
    /// <param name="delay">The pause before the next attempt.</param>
    /// <param name="on">The outcomes that are repeated, see <see cref="RetrySpec"/>; none means <c>failed</c> only.</param>
    public JobSpecBuilder WithRetry(int maxAttempts, TimeSpan delay, params string[] on)
    {
        ArgumentNullException.ThrowIfNull(on);
        IReadOnlyList<string>? outcomes = on.Length == 0 ? null : Array.AsReadOnly([.. on]);
        _retry = new RetrySpec(maxAttempts, WholeSeconds(delay, nameof(delay)), outcomes);
        return this;
    }

    /// <summary>Sets the priority among waiting runs.</summary>
    public JobSpecBuilder WithPriority(int priority)
    {
        _priority = priority;
        return this;
    }

    /// <summary>Bounds the wait for locks; parts of a second count as a whole one.</summary>
    public JobSpecBuilder WithLockWait(TimeSpan longest)
    {
        _lockWaitSeconds = WholeSeconds(longest, nameof(longest));
        return this;
    }

    /// <summary>Answers the job as it stands now.</summary>
    public JobSpec Build() => new()
    {
        Submitter = submitter,
        Description = _description,
        Labels = Snapshot(_labels),
        Parameters = Snapshot(_parameters),
        SecretParameters = Snapshot(_secretParameters),
        Locks = _locks.Count == 0 ? null : Array.AsReadOnly([.. _locks]),
        ManualStart = _manualStart,
        RuntimeVariables = _runtimeVariables,
        TimeoutSeconds = _timeoutSeconds,
        Retry = _retry,
        Priority = _priority,
        LockWaitSeconds = _lockWaitSeconds,
    };

    private static void Set(Dictionary<string, string> map, string key, string value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        map[key] = value;
    }

    private static ReadOnlyDictionary<string, string>? Snapshot(Dictionary<string, string> map) =>
        map.Count == 0 ? null : new ReadOnlyDictionary<string, string>(new Dictionary<string, string>(map, StringComparer.Ordinal));

    private static int WholeSeconds(TimeSpan time, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, TimeSpan.FromSeconds(int.MaxValue), name);
        return (int)Math.Ceiling(time.TotalSeconds);
    }
}
