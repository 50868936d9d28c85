using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Timing;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Looks from time to time how much memory the processes of each job hold together, and has the job keep the maximum. New jobs are looked at often, old ones rarely: after 1 s, then 1, 4, 9, 16 s and so on,
/// up to half an hour. A job that ends before the first look has no figure, and a look that fails is made up for a little later. One thread; all jobs that are due share one look at the processes.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Lives as long as the process.")]
internal sealed class MemorySampler(MonotonicClock clock, Func<IReadOnlyList<ProcessInfo>> readProcesses)
{
    private const int BytesOfKilobyte = 1024;

    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);
    private static readonly int KilobytesOfPage = Environment.SystemPageSize / BytesOfKilobyte;

    private readonly ConcurrentQueue<HostJob> _new = new();
    private readonly PriorityQueue<(HostJob Job, int Looks), DateTimeOffset> _due = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private bool _isFailing;

    /// <summary>Answers the pause after so many looks.</summary>
    public static TimeSpan PauseAfter(int looks) => TimeSpan.FromSeconds(Math.Clamp((long)looks * looks, 1, (long)Longest.TotalSeconds));

    /// <summary>Takes a job that has just started.</summary>
    public void Watch(HostJob job)
    {
        _new.Enqueue(job);
        _wake.Set();
    }

    public void Run()
    {
        while (true)
        {
            _wake.WaitOne(NextWait());
            while (_new.TryDequeue(out var job))
            {
                _due.Enqueue((job, 0), clock.Now + First);
            }

            Look();
        }
    }

    private TimeSpan NextWait()
    {
        if (!_due.TryPeek(out _, out var at))
        {
            return Timeout.InfiniteTimeSpan;
        }

        // One millisecond more, for waits are cut to whole ones.
        var wait = at - clock.Now + TimeSpan.FromMilliseconds(1);
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private void Look()
    {
        var jobs = new List<(HostJob Job, int Looks)>();
        while (_due.TryPeek(out var next, out var at) && at <= clock.Now)
        {
            _due.Dequeue();
            if (!next.Job.HasExited)
            {
                jobs.Add(next);
            }
        }

        if (jobs.Count == 0)
        {
            return;
        }

        var pages = PagesBySession();
        foreach (var (job, looks) in jobs)
        {
            if (pages is null)
            {
                _due.Enqueue((job, looks), clock.Now + First);
                continue;
            }

            job.NoteMemory(pages.GetValueOrDefault(job.Pid) * KilobytesOfPage);
            _due.Enqueue((job, looks + 1), clock.Now + PauseAfter(looks + 1));
        }
    }

    // Each job has a session of its own; what has left it is no longer counted.
    private Dictionary<int, long>? PagesBySession()
    {
        try
        {
            var pages = new Dictionary<int, long>();
            foreach (var process in readProcesses())
            {
                pages[process.Session] = pages.GetValueOrDefault(process.Session) + process.ResidentPages;
            }

            _isFailing = false;
            return pages;
        }
#pragma warning disable CA1031 // On a thread of its own any exception ends the process that holds the pipes of all jobs, for a figure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!_isFailing)
            {
                // The host's log. Once for each trouble: it is looked again every second.
                _isFailing = true;
                Console.Error.WriteLine($"The memory of jobs cannot be looked at: {e}");
            }

            return null;
        }
    }
}
