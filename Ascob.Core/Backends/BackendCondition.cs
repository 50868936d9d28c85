namespace Ascob.Core.Backends;

/// <summary>
/// The circuit, drain and load of one backend as this server sees them. The circuit opens after failures in a row and lets one call through after the break; time is
/// monotonic.
/// </summary>
public sealed class BackendCondition(BackendResilienceOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private int _failures;
    private long? _openedAt;
    private bool _probing;
    private string? _lastError;
    private int _active;
    private bool _drained;
    private long? _lineSeenAt;
    private int _lineVersion;
    private string? _away;
    private long _pausedFrom;
    private TimeSpan _pause;

    // A backend that asks for more is asked again all the same: it may be a mistake, and a run should not hang on it.
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    // Another server may have emptied the line meanwhile; where it has not, the next who finds no slot says so again.
    private static readonly TimeSpan LineMemory = TimeSpan.FromSeconds(10);

    /// <summary>Gets the state of the circuit.</summary>
    public CircuitState Circuit
    {
        get
        {
            lock (_gate)
            {
                return StateUnderGate();
            }
        }
    }

    /// <summary>Gets why the last call failed; null after a good one.</summary>
    public string? LastError
    {
        get
        {
            lock (_gate)
            {
                return _lastError;
            }
        }
    }

    /// <summary>Gets or sets whether new runs are held back by an operator.</summary>
    public bool Drained
    {
        get => Volatile.Read(ref _drained);
        set => Volatile.Write(ref _drained, value);
    }

    /// <summary>Gets or sets whether runs stand in line for a slot, as far as this server knows: then a new one goes to its place in the line and does not try for itself.</summary>
    public bool HasLine
    {
        get
        {
            lock (_gate)
            {
                return _lineSeenAt is { } seen && time.GetElapsedTime(seen) < LineMemory;
            }
        }

        set
        {
            lock (_gate)
            {
                _lineSeenAt = value ? time.GetTimestamp() : null;
                _lineVersion++;
            }
        }
    }

    /// <summary>Gets a number that changes with <see cref="HasLine"/>, for <see cref="NoteLine"/>.</summary>
    internal int LineVersion
    {
        get
        {
            lock (_gate)
            {
                return _lineVersion;
            }
        }
    }

    /// <summary>Notes what a look at the line saw, unless somebody went into it since the look began.</summary>
    internal void NoteLine(bool isThere, int version)
    {
        lock (_gate)
        {
            if (isThere || version == _lineVersion)
            {
                _lineSeenAt = isThere ? time.GetTimestamp() : null;
                _lineVersion++;
            }
        }
    }

    /// <summary>Gets or sets why a backend of a worker takes nothing now, because the worker is not there; null where it is.</summary>
    public string? Away
    {
        get => Volatile.Read(ref _away);
        set => Volatile.Write(ref _away, value);
    }

    /// <summary>Gets or sets how many runs the backend works on, as last counted.</summary>
    public int Active
    {
        get => Volatile.Read(ref _active);
        set => Volatile.Write(ref _active, value);
    }

    /// <summary>Gets how long the backend still wants to be left alone; zero when it does not.</summary>
    public TimeSpan Paused
    {
        get
        {
            lock (_gate)
            {
                return PausedUnderGate();
            }
        }
    }

    /// <summary>Leaves the backend alone for as long as it asks (<c>Retry-After</c>), ten minutes at most: nothing new is sent, nothing is asked. Only this backend.</summary>
    public void PauseFor(TimeSpan wish)
    {
        var pause = wish < LongestPause ? wish : LongestPause;
        lock (_gate)
        {
            if (pause > PausedUnderGate())
            {
                _pausedFrom = time.GetTimestamp();
                _pause = pause;
            }
        }
    }

    /// <summary>Asks whether a call may go out now; when the circuit is half open only one caller gets a yes.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            switch (StateUnderGate())
            {
                case CircuitState.Closed:
                    return true;
                case CircuitState.HalfOpen when !_probing:
                    _probing = true;
                    return true;
                default:
                    return false;
            }
        }
    }

    /// <summary>Notes a good call: closes the circuit.</summary>
    public void Succeeded()
    {
        lock (_gate)
        {
            _failures = 0;
            _openedAt = null;
            _probing = false;
            _lastError = null;
        }
    }

    /// <summary>Notes that a call for which <see cref="TryEnter"/> said yes does not go out after all.</summary>
    public void Abandoned()
    {
        lock (_gate)
        {
            _probing = false;
        }
    }

    /// <summary>Notes a failed call.</summary>
    /// <param name="reason">One readable sentence.</param>
    public void Failed(string reason)
    {
        lock (_gate)
        {
            _lastError = reason;
            _failures++;
            if (_probing || _failures >= options.FailuresBeforeBreak)
            {
                _openedAt = time.GetTimestamp();
            }

            _probing = false;
        }
    }

    private TimeSpan PausedUnderGate()
    {
        var left = _pause == TimeSpan.Zero ? TimeSpan.Zero : _pause - time.GetElapsedTime(_pausedFrom);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private CircuitState StateUnderGate() => _openedAt switch
    {
        null => CircuitState.Closed,
        { } opened when time.GetElapsedTime(opened) >= options.BreakDuration => CircuitState.HalfOpen,
        _ => CircuitState.Open,
    };
}

/// <summary>The states of a circuit breaker.</summary>
public enum CircuitState
{
    /// <summary>Calls go out.</summary>
    Closed,

    /// <summary>One call is tried.</summary>
    HalfOpen,

    /// <summary>No calls.</summary>
    Open,
}
