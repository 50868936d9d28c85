using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Ascob.Backends.Shell.Link;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Timing;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// The first processes of the jobs, by process id. One gate guards entering, signalling and reaping, so a process id can never have been given to somebody else
/// between the look at this table and the signal. Several threads start processes at once, outside the gate; whoever meets a process that is not in the table
/// waits for the starts under way before it calls it a stranger.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Lives as long as the process.")]
internal sealed unsafe class ChildTable(MonotonicClock clock, JobOwners owners)
{
    private const int SignalInfoBytes = 128;
    private const int SignalInfoPid = 16;

    private readonly object _gate = new();
    private readonly Dictionary<int, HostJob> _live = [];
    private readonly HashSet<long> _starting = [];
    private readonly AutoResetEvent _added = new(initialState: false);
    private long _lastStart;

    /// <summary>Starts a process for the job; answers 0 or the error number.</summary>
    public int Start(HostJob job, StartJob start, int stdout, int stderr)
    {
        long ticket;
        lock (_gate)
        {
            ticket = ++_lastStart;
            _starting.Add(ticket);
        }

        var (pid, error) = (0, 0);
        try
        {
            (error, pid) = owners.Tagged(job, () =>
            {
                var result = ChildProcess.Spawn(
                    start.Path, start.Arguments, start.Environment, Path.Combine(start.Directory, RunDirectory.Work), stdout, stderr, out var started);
                return (result, started);
            });
            if (error == 0)
            {
                // Even one that has ended is still there: nobody reaps it before it is entered.
                var startTime = ProcessTable.TryRead(pid)?.StartTime ?? 0;
                var at = clock.Now.ToUnixTimeMilliseconds();
                job.NoteStarted(pid, startTime, at);
                job.Journal!.Started(pid, startTime, at);
            }
        }
        finally
        {
            if (pid == 0)
            {
                owners.Leave(job);
            }

            lock (_gate)
            {
                if (pid > 0)
                {
                    _live.Add(pid, job);
                }

                _starting.Remove(ticket);
                Monitor.PulseAll(_gate);
            }
        }

        _added.Set();
        return error;
    }

    /// <summary>Signals the whole group of a job whose first process has not ended; false when it has.</summary>
    public bool TrySignalGroup(HostJob job, int signal)
    {
        lock (_gate)
        {
            return job.Pid > 0 && _live.ContainsKey(job.Pid) && Libc.Kill(-job.Pid, signal) == 0;
        }
    }

    /// <summary>Answers the live jobs by process id: at least those whose process could be seen before the call.</summary>
    public Dictionary<int, HostJob> Snapshot()
    {
        lock (_gate)
        {
            WaitForStarts();
            return new Dictionary<int, HostJob>(_live);
        }
    }

    /// <summary>Reaps children for ever, orphans of jobs too, and tells of the ends of jobs.</summary>
    public void ReapAll(Action<HostJob, int?, int?> exited)
    {
        var info = stackalloc byte[SignalInfoBytes];
        while (true)
        {
            NativeMemory.Clear(info, SignalInfoBytes);
            if (Libc.WaitId(Libc.P_ALL, 0, info, Libc.WEXITED | Libc.WNOWAIT) != 0)
            {
                if (Marshal.GetLastPInvokeError() == Libc.ECHILD)
                {
                    _added.WaitOne();
                }

                continue;
            }

            var pid = Marshal.ReadInt32((nint)(info + SignalInfoPid));
            int status;
            HostJob? job;
            lock (_gate)
            {
                if (!_live.ContainsKey(pid))
                {
                    WaitForStarts();
                }

                if (Libc.WaitPid(pid, &status, Libc.WNOHANG) != pid)
                {
                    continue;
                }

                _live.Remove(pid, out job);
            }

            if (job is not null)
            {
                var signal = status & 0x7f;
                exited(job, signal == 0 ? (status >> 8) & 0xff : null, signal == 0 ? null : signal);
            }
        }
    }

    // Under the gate: waits until all starts that are under way now have been entered.
    private void WaitForStarts()
    {
        var last = _lastStart;
        while (_starting.Any(ticket => ticket <= last))
        {
            Monitor.Wait(_gate);
        }
    }
}
