using Ascob.Backends.Shell.Native;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Finds and kills what jobs leave behind. Every process that a job ever made is a descendant of this host, because orphans come back to it; which job an orphan
/// belongs to is read off its session and off the marker in the environment it was started with.
/// </summary>
internal sealed class JobProcesses(ChildTable children)
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
            && !live.ContainsKey(process.Session)
            && !(ProcessTable.ReadMarker(pid) is { } marker && live.Values.Any(j => j.Marker == marker)));
    }

    /// <summary>Answers the living processes of a job.</summary>
    public List<ProcessInfo> Of(HostJob job)
    {
        // The processes first: whatever is among them and was started here is in the table by then.
        var all = ProcessTable.ReadAll();
        var live = children.Snapshot();
        var onlyLeft = live.Count == 0 || (live.Count == 1 && live.ContainsValue(job));
        return Collect(
            all, live, (top, marker) => top.Session == job.Pid || marker == job.Marker || (onlyLeft && marker is null && IsOrphan(top)), job);
    }

    /// <summary>Kills everything of a job until two looks in a row find nothing.</summary>
    public void KillAll(HostJob job) => KillAll(() => Of(job));

    /// <summary>Kills the orphans of jobs that have ended.</summary>
    public void KillOrphans(IReadOnlySet<string> endedMarkers) => KillAll(() =>
    {
        var all = ProcessTable.ReadAll();
        var live = children.Snapshot();
        return Collect(all, live, (top, marker) => marker is null ? live.Count == 0 && IsOrphan(top) : endedMarkers.Contains(marker), job: null);
    });

    /// <summary>Kills what a host that died has left behind: processes whose marker belongs to a run directory of this root.</summary>
    public static void KillLeftovers(string root) => KillAll(() =>
    {
        var backends = Directory.GetDirectories(root);
        return [.. ProcessTable.ReadAll().Where(p =>
            !p.IsDead
            && ProcessTable.ReadMarker(p.Pid) is { } marker
            && RunDirectory.IsSafeName(marker)
            && backends.Any(b => Directory.Exists(Path.Combine(b, "runs", marker))))];
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

    // An orphan that wiped its environment and left its session too can be told only when no other job runs; the callers' conditions say so.
    private static List<ProcessInfo> Collect(
        List<ProcessInfo> all, Dictionary<int, HostJob> live, Func<ProcessInfo, string?, bool> isWanted, HostJob? job)
    {
        var byParent = all.Where(p => !p.IsDead).ToLookup(p => p.Parent);
        var found = new List<ProcessInfo>();
        foreach (var top in byParent[Environment.ProcessId])
        {
            if (!live.TryGetValue(top.Pid, out var owner))
            {
                CollectOrphans(top, byParent, isWanted, found);
            }
            else if (owner == job)
            {
                CollectTree(top, byParent, found);
            }
        }

        return found;
    }

    private static void CollectOrphans(
        ProcessInfo top, ILookup<int, ProcessInfo> byParent, Func<ProcessInfo, string?, bool> isWanted, List<ProcessInfo> found)
    {
        if (isWanted(top, ProcessTable.ReadMarker(top.Pid)))
        {
            CollectTree(top, byParent, found);
            return;
        }

        foreach (var child in byParent[top.Pid])
        {
            CollectOrphans(child, byParent, isWanted, found);
        }
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
