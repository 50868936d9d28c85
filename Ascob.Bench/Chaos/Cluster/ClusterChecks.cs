using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Servers;
using Ascob.Core.Runs;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>Compares what was promised to the clients with what the servers tell and what the jobs wrote down.</summary>
internal sealed class ClusterChecks(ClusterSettings settings, ClusterServers servers, ClusterClients clients, ClusterStops stops, ChaosVerdict verdict)
{
    public const string Overlaps = "moments with two holders of a lock";
    public const string TooMany = "moments with more jobs than the capacity";

    public async Task CheckAsync(string file, CancellationToken cancellationToken)
    {
        var readers = servers.Urls.Select(u => new BenchClient(u, TimeSpan.FromSeconds(60))).ToArray();
        try
        {
            await WaitAsync(readers[0], cancellationToken);
            verdict.Fact("runs accepted", $"{clients.Accepted.Count}");
            verdict.Fact("answers lost and asked for again", $"{clients.LostAnswers}");
            verdict.Never("answers that nobody wants", clients.Surprises);
            verdict.Never("jobs that were not accepted", clients.Accepted.Count < settings.Runs ? [$"{settings.Runs - clients.Accepted.Count}"] : []);
            await CheckRunsAsync(readers, cancellationToken);
            CheckLedger(LockLedger.Read(file, Limits()));
            verdict.Never("processes of jobs left behind", JobProcesses.With("CHAOS_LEDGER", file));
            verdict.Never("locks left behind", (await readers[^1].LocksAsync(cancellationToken)).Items.Select(l => l.Key));
            var workers = await readers[^1].WorkersAsync(cancellationToken);
            verdict.Never("workers that believe to be at work", workers.Where(w => w.Running > 0).Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Name}: {w.Running}")));
        }
        finally
        {
            Array.ForEach(readers, r => r.Dispose());
        }
    }

    private async Task WaitAsync(BenchClient reader, CancellationToken cancellationToken)
    {
        var left = Stopwatch.GetTimestamp();
        try
        {
            await reader.WaitUntilDrainedAsync(ClusterSettings.LongestDrain, cancellationToken);
        }
        catch (BenchException e)
        {
            verdict.Never("not final in time", [e.Message]);
        }

        verdict.Fact("left alone to all runs final", $"{Stopwatch.GetElapsedTime(left).TotalSeconds:0.0} s");

        // Those that stop a job look at its processes a moment after its run is final.
        await stops.EndAsync(TimeSpan.FromSeconds(30), verdict);
    }

    // Each run is read from another server than the one before: all of them know all of it.
    private async Task CheckRunsAsync(BenchClient[] readers, CancellationToken cancellationToken)
    {
        var notGood = new List<string>();
        var silent = new List<string>();
        var doubted = 0;
        var n = 0;
        foreach (var (key, (job, id)) in clients.Accepted)
        {
            var run = await readers[n % readers.Length].RunAsync(id, 0, cancellationToken);
            if (run.Status != job.End)
            {
                notGood.Add(string.Create(CultureInfo.InvariantCulture, $"{key} (run {id} on {run.BackendId}): {run.Status.ToWire()} {run.StatusReason}, not {job.End.ToWire()}"));
            }
            else if (!job.IsStopped && await OutputAsync(readers[(n + 1) % readers.Length], id, cancellationToken) is var said && said.Trim() != $"done {key}")
            {
                silent.Add($"{key} (run {id}): '{said.Trim()}'");
            }

            doubted += (await readers[(n + 2) % readers.Length].EventsAsync(id, cancellationToken)).Any(e => e.To == RunStatus.InDoubt) ? 1 : 0;
            n++;
        }

        verdict.Fact("runs in doubt for a time", $"{doubted}");
        verdict.Never("runs with another end than expected", notGood);
        verdict.Never("outputs that another server has not", silent);
    }

    private static async Task<string> OutputAsync(BenchClient reader, long id, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.OutputAsync(id, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }

    private Dictionary<string, int> Limits()
    {
        var limits = servers.Workers.ToDictionary(w => w.Name, _ => ClusterSettings.WorkerCapacity, StringComparer.Ordinal);
        limits["shell"] = ClusterSettings.ShellLimit;
        return limits;
    }

    private void CheckLedger(LockLedger ledger)
    {
        var accepted = clients.Accepted.Values.Select(a => a.Job).ToList();
        verdict.Fact("grants seen by the jobs themselves", $"{ledger.Grants}");
        verdict.Fact("jobs that fail once", $"{accepted.Count(j => j.Starts > 1)}");
        verdict.Fact("most at once of those allowed", $"{string.Join(", ", Limits().Select(l => string.Create(CultureInfo.InvariantCulture, $"{l.Key} {ledger.MostAtOnce.GetValueOrDefault(l.Key)} of {l.Value}")))}");
        verdict.Never(Overlaps, ledger.TwoHolders);
        verdict.Never(TooMany, ledger.TooMany);
        verdict.Never("fencing numbers that did not grow", settings.Naive ? [] : ledger.FencesThatDidNotGrow);
        verdict.Never("submissions started twice", ledger.StartsOfMarker.Where(s => s.Value > 1).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}: {s.Value} times")));
        verdict.Never("jobs started too often or not often enough", accepted.Where(j => ledger.Starts.GetValueOrDefault(j.Key) != j.Starts)
            .Select(j => string.Create(CultureInfo.InvariantCulture, $"{j.Key}: {ledger.Starts.GetValueOrDefault(j.Key)} starts, not {j.Starts}")));
        verdict.Never("jobs that began and wrote no end", ledger.WithoutEnd);
        verdict.Never("stopped jobs that were not asked to end", accepted.Where(j => j.IsStopped != ledger.Stopped.Contains(j.Key)).Select(j => j.Key));
        verdict.Never("lines that make no sense", ledger.Unreadable);
    }
}
