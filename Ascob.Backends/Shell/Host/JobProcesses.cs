using Ascob.Backends.Shell.Native;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Finds and kills what jobs leave behind. Every process that a job ever made is a descendant of this host, because orphans come back to it; <see cref="JobOwners"/> tells whose an
/// orphan is. One of which nothing tells is killed when no job is left.
/// </summary>
internal sealed class JobProcesses(ChildTable children, JobOwners owners)
{
    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestKill = TimeSpan.FromSeconds(20);

    /// <summary>Answers whether processes have come to this host whose job has ended. Cheap enough for the end of every job.</summary>
    public bool AnyOrphans(bool thorough)
    {
        var own = ProcessTable.ReadOwnChildren(adoptedOnly: !thorough);
        if (own.Count == 0)
        {
            return false;
        }

        var live = children.Snapshot();
        return own.Exists(pid =>
            !live.ContainsKey(pid)
            && ProcessTable.TryRead(pid) is { IsDead: false } process
            && process.Parent == Environment.ProcessId
            && (owners.Of(pid, out var job) != Ownership.Active || job!.HasExited));
    }

    /// <summary>Answers the living processes of a job.</summary>
    public List<ProcessInfo> Of(HostJob job) => Collect(
        own: first => first == job,
        orphan: process => owners.Of(process.Pid, out var owner) switch
        {
            Ownership.Active => owner == job,
            Ownership.Unknown => owners.Active.All(j => j == job) && IsOrphan(process),
            _ => false,
        });

    /// <summary>Kills everything of a job until two looks in a row find nothing.</summary>
    public void KillAll(HostJob job) => KillAll(() => Of(job));

    /// <summary>Kills the orphans of jobs that have ended.</summary>
    public void KillOrphans() => KillAll(() => Collect(
        own: static _ => false,
        orphan: process => owners.Of(process.Pid, out _) switch
        {
            Ownership.Active => false,
            Ownership.Unknown => owners.Active.Count == 0 && IsOrphan(process),
            _ => true,
        }));

    /// <summary>
    /// Kills what an earlier host of this directory has left behind when it died: processes with its tag, or without one but with a marker that belongs to a run directory of this root. A copy
    /// of a data directory has the run directories of the original too, so what another host owns is left alone.
    /// </summary>
    public static void KillLeftovers(string root, uint host) => KillAll(() =>
    {
        var backends = Directory.GetDirectories(root);
        var all = ProcessTable.ReadAll();
        var byPid = all.ToDictionary(p => p.Pid);
        return [.. all.Where(p =>
            !p.IsDead
            && p.Pid != Environment.ProcessId
            && (ProcessTag.TryRead(p.Pid) is { } tag
                ? tag.Host == host
                : ProcessTable.ReadMarker(p.Pid) is { } marker
                    && RunDirectory.IsSafeName(marker)
                    && backends.Any(b => Directory.Exists(Path.Combine(b, "runs", marker)))
                    && !IsBelowAnotherHost(p, byPid)))];
    });

    /// <summary>Signals a process, if it still is the one that was seen.</summary>
    public static bool Signal(ProcessInfo process, int signal) =>
        ProcessTable.TryRead(process.Pid) is { } now && now.StartTime == process.StartTime && Libc.Kill(process.Pid, signal) == 0;

    private static void KillAll(Func<List<ProcessInfo>> find)
    {
        using var pause = new ManualResetEventSlim();
        var started = TimeProvider.System.GetTimestamp();
        for (var clean = 0; clean < 2 && TimeProvider.System.GetElapsedTime(started) < LongestKill;)
        {
            var processes = find();
            clean = processes.Count == 0 ? clean + 1 : 0;
            processes.ForEach(p => Signal(p, Libc.SIGKILL));
            if (clean < 2)
            {
                pause.Wait(BetweenSweeps);
            }
        }
    }

    // Looked at again: a process that has ended meanwhile shows no environment either.
    private static bool IsOrphan(ProcessInfo process) =>
        process.Parent == Environment.ProcessId && ProcessTable.TryRead(process.Pid) is { IsDead: false } now && now.StartTime == process.StartTime;

    // The host that owns a process is above it as long as it lives.
    private static bool IsBelowAnotherHost(ProcessInfo process, Dictionary<int, ProcessInfo> byPid)
    {
        var steps = 0;
        for (var above = process; steps < byPid.Count && byPid.TryGetValue(above.Parent, out var parent); above = parent, steps++)
        {
            if (parent.Pid != Environment.ProcessId && ProcessTable.ReadArguments(parent.Pid).Contains(ShellHostProgram.Verb, StringComparer.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // Each wanted child of this host with all that is below it.
    private List<ProcessInfo> Collect(Func<HostJob, bool> own, Func<ProcessInfo, bool> orphan)
    {
        // The processes first: whatever is among them and was started here is in the table by then.
        var all = ProcessTable.ReadAll();
        var live = children.Snapshot();
        var byParent = all.Where(p => !p.IsDead).ToLookup(p => p.Parent);
        var found = new List<ProcessInfo>();
        foreach (var top in byParent[Environment.ProcessId])
        {
            if (live.TryGetValue(top.Pid, out var first) ? own(first) : orphan(top))
            {
                CollectTree(top, byParent, found);
            }
        }

        return found;
    }

    private static void CollectTree(ProcessInfo top, ILookup<int, ProcessInfo> byParent, List<ProcessInfo> found)
    {
        found.Add(top);
        foreach (var child in byParent[top.Pid])
        {
            CollectTree(child, byParent, found);
        }
    }
}
