using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Timing;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Brings jobs to their end: waits a little for output that somebody still holds open after the first process has ended, kills what was left behind, kills what
/// does not obey a stop, and only then calls a job ended. One thread.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Lives as long as the process.")]
internal sealed class JobFinisher(MonotonicClock clock, ChildTable children, JobOwners owners, JobProcesses processes, Action<HostJob> finished)
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PollLeftovers = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentQueue<HostJob> _done = new();
    private readonly ConcurrentQueue<(HostJob Job, DateTimeOffset At, Action<HostJob> Then)> _newTimers = new();
    private readonly PriorityQueue<(HostJob Job, Action<HostJob> Then), DateTimeOffset> _timers = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private DateTimeOffset? _lookAgainAt;
    private OutputPump? _pump;

    public void UsePump(OutputPump pump) => _pump = pump;

    /// <summary>Takes the end of a job's first process.</summary>
    public void NoteExit(HostJob job, int? exitCode, int? signal)
    {
        if (job.NoteExit(exitCode, signal, clock.Now))
        {
            NoteDone(job);
            return;
        }

        var until = clock.Now + DrainTime;
        Schedule(job, job.KillAt is { } killAt && killAt > until ? killAt : until, Cut);
    }

    /// <summary>Stops a job by itself when its time is over: the server does so too, but it may be away.</summary>
    public void KeepTime(HostJob job) => job.Watch(clock, j => Stop(j, clock.Now + j.Grace, timedOut: true));

    /// <summary>Takes a job whose first process and outputs have ended.</summary>
    public void NoteDone(HostJob job)
    {
        _done.Enqueue(job);
        _wake.Set();
    }

    /// <summary>Stops a job: asks its processes to end now and ends them at the given time.</summary>
    public void Stop(HostJob job, DateTimeOffset killAt, bool timedOut = false)
    {
        if (!job.TryNoteStop(killAt, timedOut))
        {
            return;
        }

        if (killAt > clock.Now)
        {
            SignalAll(job, Libc.SIGTERM);

            // One that is halted would hear of it only when it goes on.
            SignalAll(job, Libc.SIGCONT);
        }

        Schedule(job, killAt, Kill);
    }

    /// <summary>Halts all processes of a job, or lets them go on; false when it does not run.</summary>
    public bool TryPause(HostJob job, bool halt)
    {
        if (job.Pid == 0 || job.HasExited)
        {
            return false;
        }

        SignalAll(job, halt ? Libc.SIGSTOP : Libc.SIGCONT);
        return true;
    }

    public void Run()
    {
        while (true)
        {
            _wake.WaitOne(NextWait());
            while (_newTimers.TryDequeue(out var timer))
            {
                _timers.Enqueue((timer.Job, timer.Then), timer.At);
            }

            while (_timers.TryPeek(out _, out var at) && at <= clock.Now)
            {
                var (job, then) = _timers.Dequeue();
                then(job);
            }

            FinishDone();
        }
    }

    // The group at once, and those that left it one by one: a daemon, or what the program "timeout" runs.
    private void SignalAll(HostJob job, int signal)
    {
        children.TrySignalGroup(job, signal);
        foreach (var process in processes.Of(job).Where(p => p.Group != job.Pid))
        {
            JobProcesses.Signal(process, signal);
        }
    }

    private void Schedule(HostJob job, DateTimeOffset at, Action<HostJob> then)
    {
        _newTimers.Enqueue((job, at, then));
        _wake.Set();
    }

    private TimeSpan NextWait()
    {
        DateTimeOffset? next = _timers.TryPeek(out _, out var at) ? at : null;
        next = _lookAgainAt is { } look && (next is null || look < next) ? look : next;
        if (next is null)
        {
            return Timeout.InfiniteTimeSpan;
        }

        var wait = next.Value - clock.Now;
        return wait > TimeSpan.Zero ? wait + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero;
    }

    private void Cut(HostJob job)
    {
        if (!job.IsFinal && job.TryNoteCut())
        {
            _pump!.Cut(job);
        }
    }

    private void Kill(HostJob job)
    {
        if (job.IsFinal)
        {
            return;
        }

        if (job.Pid == 0)
        {
            // Stopped before its start; it cannot be called back from the queue, so it is met on its way out.
            Schedule(job, clock.Now + PollLeftovers, Kill);
            return;
        }

        children.TrySignalGroup(job, Libc.SIGKILL);
        _ = Task.Run(() => processes.KillAll(job));
    }

    private void FinishDone()
    {
        var batch = new List<HostJob>();
        while (_done.TryDequeue(out var job))
        {
            batch.Add(job);
        }

        var lookAgain = _lookAgainAt is { } at && at <= clock.Now;
        if (batch.Count == 0 && !lookAgain)
        {
            return;
        }

        // The look may miss an orphan while others come and go, so it is repeated once things have settled.
        _lookAgainAt = lookAgain ? null : _lookAgainAt;
        _lookAgainAt ??= batch.Count > 0 ? clock.Now + LookAgain : null;
        var orphans = processes.AnyOrphans(thorough: lookAgain);
        if (orphans && lookAgain)
        {
            // Those of jobs that ended a moment ago and were missed then.
            _ = Task.Run(processes.KillOrphans);
        }

        foreach (var job in batch)
        {
            if (orphans)
            {
                FinishWithOrphans(job);
            }
            else
            {
                Finish(job);
            }
        }
    }

    private void FinishWithOrphans(HostJob job)
    {
        var left = processes.Of(job);
        if (left.Count > 0 && job.KillAt is { } killAt && clock.Now < killAt)
        {
            // A stop gives all of its processes the same time to end, not only the first.
            Schedule(job, clock.Now + PollLeftovers, NoteDone);
        }
        else if (left.Count > 0)
        {
            _ = Task.Run(() =>
            {
                processes.KillAll(job);
                Finish(job);
            });
        }
        else
        {
            Finish(job);
        }
    }

    private void Finish(HostJob job)
    {
        owners.Leave(job);
        job.NoteFinal();
        finished(job);
    }
}
