using System.Collections.Concurrent;
using Ascob.Bench.Servers;
using Ascob.Core.Client;
using Ascob.Core.Runs;

namespace Ascob.Bench.Chaos;

/// <summary>Compares what was promised to the clients with what the server tells and what the jobs wrote down.</summary>
internal sealed class ChaosChecks(BenchClient client, ChaosSettings settings, IReadOnlyDictionary<string, Accepted> answered, Ledger ledger, ChaosVerdict verdict)
{
    public const string TwoRuns = "keys with two runs";
    public const string KeyStartedTwice = "keys started twice";
    public const string MarkerStartedTwice = "started twice at a product (one marker)";
    private const int Page = 500;
    private const int Readers = 8;

    private readonly Dictionary<long, RunInfo> _runs = [];

    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await ReadAllAsync(cancellationToken);
        verdict.Fact("accepted by answer", $"{answered.Count} jobs");
        verdict.Fact("runs in the store", $"{_runs.Count}");
        verdict.Fact("starts in the jobs' own ledger", $"{ledger.Entries.Count}");
        CheckPresence();
        CheckEnds();
        CheckStarts();
        CheckLocks();
        verdict.Never("locks left behind", (await client.LocksAsync(cancellationToken)).Items.Select(l => $"{l.Key}: {l.Holders.Count} holders, {l.Waiters.Count} waiters")
            .Where(t => !t.Contains(": 0 holders, 0 waiters", StringComparison.Ordinal)));
        await CheckTimelinesAsync(cancellationToken);
    }

    private async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await client.ListAsync($"limit={Page}{(cursor is null ? string.Empty : "&cursor=" + Uri.EscapeDataString(cursor))}", cancellationToken);
            foreach (var run in page.Items)
            {
                _runs[run.Id] = run;
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    private void CheckPresence()
    {
        var promised = answered.Values.SelectMany(a => a.RunIds.Keys.Select(id => (a.Job.Key, Id: id))).ToList();
        verdict.Never("accepted runs lost", promised.Where(p => KeyOf(p.Id) != p.Key).Select(p => $"{p.Key}: run {p.Id}"));
        verdict.Never("answers that named two runs for a key", answered.Values.Where(a => !settings.NaiveClients && a.RunIds.Count > 1).Select(a => $"{a.Job.Key}: {string.Join(", ", a.RunIds.Keys)}"));
        verdict.Never(TwoRuns, _runs.Values.GroupBy(KeyOf).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(r => r.Id))}"));
        verdict.Never("runs not final", _runs.Values.Where(r => !r.Status.IsFinal()).Select(r => $"run {r.Id}: {r.Status.ToWire()} ({r.StatusReason})"));
    }

    private void CheckEnds()
    {
        var wrong = new List<string>();
        foreach (var run in _runs.Values)
        {
            if (!answered.TryGetValue(KeyOf(run) ?? string.Empty, out var accepted))
            {
                wrong.Add($"run {run.Id}: nobody was answered for it (key {KeyOf(run)})");
                continue;
            }

            var job = accepted.Job;
            if (run.Status != job.End || (job.ExitCode is not null && run.ExitCode != job.ExitCode) || run.Attempt != job.Attempts)
            {
                wrong.Add($"run {run.Id} ({job.Key}): {run.Status.ToWire()}, exit code {run.ExitCode}, attempt {run.Attempt} ({run.StatusReason}); "
                    + $"expected {job.End.ToWire()}, {job.ExitCode}, {job.Attempts}");
            }
        }

        verdict.Never("wrong ends or exit codes", wrong);
    }

    private void CheckStarts()
    {
        verdict.Never("runs started twice (one marker, two starts)", ledger.Entries.GroupBy(e => e.Marker).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {g.Count()} starts of run {g.First().RunId}"));
        var byKey = ledger.Entries.ToLookup(e => e.Key, StringComparer.Ordinal);
        var shell = answered.Values.Where(a => a.Job.WritesLedger).Select(a => a.Job).ToList();
        verdict.Never(KeyStartedTwice, shell.Where(j => byKey[j.Key].Count() > j.Attempts).Select(j => $"{j.Key}: {byKey[j.Key].Count()} starts"));

        // One that is stopped early need never have started.
        verdict.Never("never started", shell.Where(j => j.StopAfter is null && byKey[j.Key].Count() < j.Attempts).Select(j => $"{j.Key}: {byKey[j.Key].Count()} starts of {j.Attempts}"));
        verdict.Never("ended by itself unnoticed or cut short", ledger.Entries.Where(e => answered.TryGetValue(e.Key, out var a) && (e.End is null) != (a.Job.StopAfter is not null)).Select(e => $"{e.Key}: run {e.RunId}"));
        verdict.Never("ledger lines that make no sense", Enumerable.Range(0, ledger.Unreadable).Select(i => $"line {i}"));
    }

    private void CheckLocks()
    {
        var held = ledger.Entries
            .Where(e => e.End is not null && answered.TryGetValue(e.Key, out var a) && a.Job.Spec.HasLocks)
            .SelectMany(e => answered[e.Key].Job.Spec.Locks!.Select(l => (Lock: l.Key, Entry: e)))
            .GroupBy(h => h.Lock, h => h.Entry, StringComparer.Ordinal)
            .ToList();
        verdict.Fact("lock grants on record", $"{held.Sum(g => g.Count())} of {held.Count} locks");
        var overlaps = new List<string>();
        var fences = new List<string>();
        foreach (var group in held)
        {
            var ordered = group.OrderBy(e => e.Start).ToList();
            foreach (var (before, after) in ordered.Zip(ordered.Skip(1)))
            {
                if (after.Start < before.End)
                {
                    overlaps.Add($"{group.Key}: runs {before.RunId} and {after.RunId}, {(before.End - after.Start) / 1000} us");
                }
            }

            // The ledger shows the number of one lock of each job.
            var numbered = ordered.Where(e => FenceLock(e) == group.Key).ToList();
            fences.AddRange(numbered.Zip(numbered.Skip(1)).Where(p => p.Second.Fence <= p.First.Fence)
                .Select(p => $"{group.Key}: {p.First.Fence} (run {p.First.RunId}) then {p.Second.Fence} (run {p.Second.RunId})"));
        }

        verdict.Never("lock overlaps", overlaps);
        verdict.Never("fencing numbers that did not grow", fences);
    }

    private async Task CheckTimelinesAsync(CancellationToken cancellationToken)
    {
        var wrong = new ConcurrentBag<string>();
        var doubted = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            _runs.Values,
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (run, ct) =>
            {
                var events = await client.EventsAsync(run.Id, ct);
                if (Fault(run, events) is { } fault)
                {
                    wrong.Add($"run {run.Id}: {fault}");
                }

                if (events.FirstOrDefault(e => e.To == RunStatus.InDoubt) is { } doubt)
                {
                    doubted.Add($"run {run.Id}: {doubt.Reason}");
                }
            });
        verdict.Never("timelines that do not fold to the status", wrong);
        if (settings.Gentle)
        {
            verdict.Never("doubts caused by a graceful stop", doubted);
        }
        else
        {
            verdict.Fact("runs that were in doubt for a time", $"{doubted.Count}");
        }
    }

    private static string? Fault(RunInfo run, IReadOnlyList<RunEventInfo> events)
    {
        RunStatus? status = null;
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Seq != i + 1)
            {
                return $"event {i + 1} has the number {events[i].Seq}";
            }

            if (events[i].From != status)
            {
                return $"event {i + 1} comes from {events[i].From?.ToWire()}, but the run was {status?.ToWire()}";
            }

            if (status?.IsFinal() == true && events[i].To != status)
            {
                return $"event {i + 1} leaves {status.Value.ToWire()}";
            }

            status = events[i].To;
        }

        return status == run.Status && events.Count == run.Version ? null : $"{events.Count} events end at {status?.ToWire()}; the run is {run.Status.ToWire()}, version {run.Version}";
    }

    private string? KeyOf(long id) => _runs.TryGetValue(id, out var run) ? KeyOf(run) : null;

    private static string? KeyOf(RunInfo run) => run.Labels is not null && run.Labels.TryGetValue(ChaosPlan.KeyLabel, out var key) ? key : null;

    private string FenceLock(LedgerEntry entry)
    {
        var spec = answered[entry.Key].Job.Spec;
        return spec.Locks!.First(l => spec.Label("shell_command")!.Contains(
            "ASCOB_LOCK_" + l.Key.ToUpperInvariant().Replace('-', '_'), StringComparison.Ordinal)).Key;
    }
}
