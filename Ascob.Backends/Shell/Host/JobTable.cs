using System.Collections.Concurrent;
using Ascob.Backends.Shell.Link;
using Ascob.Core.Timing;

namespace Ascob.Backends.Shell.Host;

/// <summary>The jobs this host knows; those it has forgotten, or that an earlier host had, are read from their journals.</summary>
internal sealed class JobTable(MonotonicClock clock, JobStarter starter, JobFinisher finisher, RunDirectoryPool directories, EndedJobs gone)
{
    private const int MostEndedInMemory = 10_000;

    private readonly ConcurrentDictionary<string, HostJob> _jobs = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _ended = new();
    private readonly Lock _leaving = new();

    /// <summary>Gets whether any job has not ended.</summary>
    public bool AnyActive => _jobs.Values.Any(j => !j.IsFinal);

    /// <summary>Gets whether the end of some job is known here only, because the disk does not take it.</summary>
    public bool AnyUnwritten => _jobs.Values.Any(j => j.IsFinal && !j.TryWriteEnd());

    /// <summary>Starts a job, or answers with the one that was started under this marker before.</summary>
    public async Task<HostResponse> StartAsync(StartJob start)
    {
        if (!_jobs.ContainsKey(start.Marker) && JobJournal.TryRead(start.Marker, start.Directory) is { } earlier && !_jobs.ContainsKey(start.Marker))
        {
            return new HostResponse { Reports = [earlier] };
        }

        var fresh = new HostJob(start);
        HostJob job;
        lock (_leaving)
        {
            // Under the gate, for the job may be cleaned up just now: it is in one of the two places at any moment.
            if (gone.Find(start.Marker) is { } ended)
            {
                return Gone(ended);
            }

            job = _jobs.GetOrAdd(start.Marker, fresh);
        }

        if (job == fresh)
        {
            starter.Take(job, start);
        }

        var refusal = await job.Started;
        if (refusal is not null)
        {
            _jobs.TryRemove(new KeyValuePair<string, HostJob>(job.Marker, job));
            return new HostResponse { Refusal = refusal };
        }

        return new HostResponse { Reports = [job.Report] };
    }

    public JobReport Report(JobRef job) =>
        _jobs.TryGetValue(job.Marker, out var known) && (known.Pid > 0 || !known.Started.IsCompleted)
            ? known.Report
            : JobJournal.TryRead(job.Marker, job.Directory) ?? new JobReport(job.Marker, HostJobState.Unknown);

    public HostResponse Stop(StopJob stop)
    {
        if (_jobs.TryGetValue(stop.Job.Marker, out var job))
        {
            finisher.Stop(job, stop.Hard ? clock.Now : clock.Now + TimeSpan.FromMilliseconds(stop.GraceMilliseconds));
        }

        return new HostResponse { Reports = [Report(stop.Job)] };
    }

    public HostResponse Pause(PauseJob pause) => _jobs.TryGetValue(pause.Job.Marker, out var job) && finisher.TryPause(job, pause.Halt)
        ? new HostResponse { Reports = [Report(pause.Job)] }
        : new HostResponse { Error = "The job does not run." };

    public void StopAll(TimeSpan grace)
    {
        foreach (var job in _jobs.Values)
        {
            finisher.Stop(job, clock.Now + grace);
        }
    }

    public HostResponse CleanUp(JobRef job)
    {
        if (_jobs.TryGetValue(job.Marker, out var known) && !known.IsFinal)
        {
            return new HostResponse { Error = "The job still runs." };
        }

        lock (_leaving)
        {
            gone.Add(Report(job));
            _jobs.TryRemove(job.Marker, out _);
        }

        known?.Forget();
        return directories.TryGive(job.Directory) ? new HostResponse() : new HostResponse { Error = "Something in the run's directory cannot be deleted." };
    }

    private static HostResponse Gone(JobReport ended) => ended.State == HostJobState.Unknown
        ? new HostResponse { Refusal = new StartRefusal("The run was over before its job came; it was not started.", Mendable: false) }
        : new HostResponse { Reports = [ended] };

    /// <summary>Bounds the memory: the journals of the oldest ended jobs know as much.</summary>
    public void NoteFinal(HostJob job)
    {
        _ended.Enqueue(job.Marker);
        while (_ended.Count > MostEndedInMemory && _ended.TryDequeue(out var oldest))
        {
            if (_jobs.TryRemove(oldest, out var forgotten))
            {
                forgotten.Forget();
            }
        }
    }
}
