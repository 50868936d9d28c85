using System.Collections.Concurrent;
using Ascob.Backends.Shell.Native;

namespace Ascob.Backends.Shell.Host;

/// <summary>Whose a process is.</summary>
internal enum Ownership
{
    /// <summary>Nothing tells.</summary>
    Unknown,

    /// <summary>It belongs to a job that has not ended.</summary>
    Active,

    /// <summary>It belongs to a job that has ended.</summary>
    Ended,
}

/// <summary>
/// Knows the jobs that have not ended and which process belongs to which: by the tag that it inherited from the job's first process, else by the marker in the environment that it was
/// started with.
/// </summary>
internal sealed class JobOwners
{
    private readonly ConcurrentDictionary<uint, HostJob> _byNumber = new();
    private readonly ConcurrentDictionary<string, HostJob> _byMarker = new(StringComparer.Ordinal);
    private readonly Lock _tagging = new();
    private uint _lastNumber;
    private uint _host;

    /// <summary>Gets the jobs that have been entered and have not left.</summary>
    public ICollection<HostJob> Active => _byNumber.Values;

    /// <summary>Sets the number that tells the processes of this directory's hosts from all others; before the first job.</summary>
    public void UseHost(uint host) => _host = host;

    /// <summary>Starts something that inherits the job's tag.</summary>
    public T Tagged<T>(HostJob job, Func<T> start)
    {
        lock (_tagging)
        {
            job.Number = ++_lastNumber;
            _byNumber[job.Number] = job;
            _byMarker[job.Marker] = job;
            ProcessTag.TrySetOwn(_host, job.Number);
            return start();
        }
    }

    /// <summary>Takes the end of a job: what still belongs to it is left over.</summary>
    public void Leave(HostJob job)
    {
        _byNumber.TryRemove(job.Number, out _);
        _byMarker.TryRemove(new KeyValuePair<string, HostJob>(job.Marker, job));
    }

    /// <summary>Answers whose an orphan of this host is.</summary>
    public Ownership Of(int pid, out HostJob? job)
    {
        if (ProcessTag.TryRead(pid) is { } tag && tag.Host == _host)
        {
            return _byNumber.TryGetValue(tag.Job, out job) ? Ownership.Active : Ownership.Ended;
        }

        job = null;
        return ProcessTable.ReadMarker(pid) is not { } marker ? Ownership.Unknown
            : _byMarker.TryGetValue(marker, out job) ? Ownership.Active : Ownership.Ended;
    }
}
