using Ascob.Backends.Shell.Link;
using Ascob.Core.Output;
using Ascob.Core.Timing;

namespace Ascob.Backends.Shell.Host;

/// <summary>A job of this host, from its claim to its end. The gate guards everything that changes.</summary>
internal sealed class HostJob(StartJob start)
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(30);

    private readonly TaskCompletionSource<StartRefusal?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobReport _report = new(start.Marker, HostJobState.Running);
    private bool _exited;
    private bool _isWritten;
    private volatile bool _hasOutput;
    private int _openPipes = 2;
    private ITimer? _deadline;

    public Lock Gate { get; } = new();

    public string Marker => start.Marker;

    public string Directory => start.Directory;

    /// <summary>Gets how long the job may take to obey when its time is over.</summary>
    public TimeSpan Grace => TimeSpan.FromMilliseconds(start.GraceMilliseconds);

    public string[] Masked => start.Masked;

    public CappedLogLimits OutputLimits { get; } = CappedLogLimits.FromTotal(start.MaxOutputBytes);

    public JobJournal? Journal { get; set; }

    /// <summary>Gets the process id, which is that of its group and session too; 0 before the start.</summary>
    public int Pid { get; private set; }

    /// <summary>Gets or sets the number of the job in the tags of its processes.</summary>
    public uint Number { get; set; }

    /// <summary>Gets whether the end is known and nothing of the job is left.</summary>
    public bool IsFinal { get; private set; }

    /// <summary>Gets whether its first process has ended.</summary>
    public bool HasExited
    {
        get
        {
            lock (Gate)
            {
                return _exited;
            }
        }
    }

    /// <summary>Gets when what still runs is killed after a stop; null before one.</summary>
    public DateTimeOffset? KillAt { get; private set; }

    /// <summary>Gets what is known.</summary>
    public JobReport Report
    {
        get
        {
            lock (Gate)
            {
                return _report with { State = IsFinal ? HostJobState.Ended : HostJobState.Running, Quiet = IsFinal && !_hasOutput };
            }
        }
    }

    /// <summary>Gets the outcome of the start: null when it was started, else why not.</summary>
    public Task<StartRefusal?> Started => _started.Task;

    public void NoteStarted(int pid, long startTime, long atMilliseconds)
    {
        lock (Gate)
        {
            Pid = pid;
            _report = _report with { Pid = pid, StartTime = startTime, StartedAtMilliseconds = atMilliseconds };
        }
    }

    /// <summary>Has the end of the job's time noticed, if it has one.</summary>
    public void Watch(MonotonicClock clock, Action<HostJob> timeOver)
    {
        if (start.TimeoutMilliseconds <= 0)
        {
            return;
        }

        lock (Gate)
        {
            var rest = DateTimeOffset.FromUnixTimeMilliseconds(_report.StartedAtMilliseconds + start.TimeoutMilliseconds) - clock.Now;
            _deadline?.Dispose();
            if (_exited)
            {
                return;
            }

            _deadline = rest > LongestTimer
                ? clock.Time.CreateTimer(_ => Watch(clock, timeOver), null, LongestTimer, Timeout.InfiniteTimeSpan)
                : clock.Time.CreateTimer(_ => timeOver(this), null, rest > TimeSpan.Zero ? rest : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    public void Answer(StartRefusal? refusal) => _started.TrySetResult(refusal);

    /// <summary>Notes a stop; false when the job has ended already.</summary>
    public bool TryNoteStop(DateTimeOffset killAt, bool timedOut)
    {
        lock (Gate)
        {
            if (_exited)
            {
                return false;
            }

            KillAt = KillAt is { } earlier && earlier < killAt ? earlier : killAt;
            _report = _report with { Stopped = true, TimedOut = _report.TimedOut || (timedOut && !_report.Stopped) };
            return true;
        }
    }

    /// <summary>Notes the end of the first process; true when its output has ended too.</summary>
    public bool NoteExit(int? exitCode, int? signal, DateTimeOffset at)
    {
        lock (Gate)
        {
            _exited = true;
            _deadline?.Dispose();
            _report = _report with { ExitCode = exitCode, Signal = signal, EndedAtMilliseconds = at.ToUnixTimeMilliseconds() };
            Journal!.Ended(_report);
            return _openPipes == 0;
        }
    }

    /// <summary>Notes how much memory the job's processes hold now; the most of it is kept.</summary>
    public void NoteMemory(long kilobytes)
    {
        lock (Gate)
        {
            if (!_exited && kilobytes > _report.MaxMemoryKb)
            {
                _report = _report with { MaxMemoryKb = kilobytes };
            }
        }
    }

    /// <summary>Notes that the job has written something.</summary>
    public void NoteOutput() => _hasOutput = true;

    /// <summary>Notes the end of one output; true when both have ended, and the process too.</summary>
    public bool NotePipeClosed()
    {
        lock (Gate)
        {
            _openPipes--;
            return _openPipes == 0 && _exited;
        }
    }

    /// <summary>Notes that the output was left although somebody still held it open; false when it had just ended by itself.</summary>
    public bool TryNoteCut()
    {
        lock (Gate)
        {
            if (_openPipes == 0)
            {
                return false;
            }

            _report = _report with { OutputCut = true };
            Journal!.OutputCut();
            return true;
        }
    }

    public void NoteFinal()
    {
        lock (Gate)
        {
            IsFinal = true;
            _isWritten = Journal!.TryFlush();
            if (_isWritten)
            {
                Journal.Dispose();
            }
        }
    }

    /// <summary>Answers whether the end of an ended job is on disk; tries once more where it is not.</summary>
    public bool TryWriteEnd()
    {
        lock (Gate)
        {
            if (IsFinal && !_isWritten && Journal!.TryFlush())
            {
                _isWritten = true;
                Journal.Dispose();
            }

            return _isWritten;
        }
    }

    /// <summary>Closes the journal of a job that nobody will ask for again.</summary>
    public void Forget()
    {
        lock (Gate)
        {
            _isWritten = true;
            Journal?.Dispose();
        }
    }
}
