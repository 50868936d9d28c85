using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Load;
using Ascob.Bench.Servers;
using Ascob.Core.Runs;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>Clients that stop jobs once these have begun, at a server that is not the one which has the job.</summary>
internal sealed class ClusterStops(IReadOnlyList<Uri> servers, ClusterPlan plan, ClusterSettings settings, CancellationToken cancellationToken) : IDisposable
{
    private const int Conflict = 409;
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(50);
    private readonly BenchClient[] _clients = [.. servers.Select(s => new BenchClient(s, TimeSpan.FromSeconds(10)))];
    private readonly ConcurrentBag<Task> _stops = [];
    private readonly ConcurrentBag<double> _took = [];

    /// <summary>Gets what went another way than it should.</summary>
    public ConcurrentBag<string> Surprises { get; } = [];

    /// <summary>Gets the jobs of which a process was left when their run was over.</summary>
    public ConcurrentBag<string> Survivors { get; } = [];

    public void Add(ClusterJob job, long id) => _stops.Add(Task.Run(() => OneAsync(job, id), cancellationToken));

    /// <summary>Waits until all of them are over; says which are not after <paramref name="longest"/>.</summary>
    public async Task EndAsync(TimeSpan longest, ChaosVerdict verdict)
    {
        try
        {
            await Task.WhenAll(_stops).WaitAsync(longest, cancellationToken);
        }
        catch (TimeoutException)
        {
            Surprises.Add(string.Create(CultureInfo.InvariantCulture, $"{_stops.Count(s => !s.IsCompleted)} jobs did not begin or end in time"));
        }

        var took = new LatencySample();
        foreach (var one in _took)
        {
            took.Add(one);
        }

        verdict.Fact("jobs stopped at another server", $"{took.Count}; to the end median / slowest {took.Percentile(0.5):0} / {took.Percentile(1):0} ms");
        verdict.Never("stops that went wrong", Surprises);
        verdict.Never("jobs that outlived their stopped run", Survivors);
    }

    public void Dispose() => Array.ForEach(_clients, c => c.Dispose());

    private async Task OneAsync(ClusterJob job, long id)
    {
        var mark = plan.BegunMark(job.Key);
        while (!File.Exists(mark))
        {
            await Task.Delay(Again, cancellationToken);
        }

        // That it is seen now is what makes it worth something not to see it later.
        if (JobProcesses.With("CHAOS_KEY", job.Key).Count == 0)
        {
            Surprises.Add($"{job.Key}: no process is seen, though it runs");
        }

        var place = (await File.ReadAllTextAsync(mark, cancellationToken)).Trim();
#pragma warning disable CA5394 // As the jobs themselves: the same again for the same seed.
        var random = new Random(unchecked((settings.Seed * 31) + (int)id));
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(2000)), cancellationToken);
        var begun = Stopwatch.GetTimestamp();
        await AskAsync(job, id, random.Next(_clients.Length), place);
#pragma warning restore CA5394
        await UntilFinalAsync(id);
        _took.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        if (JobProcesses.With("CHAOS_KEY", job.Key) is { Count: > 0 } left)
        {
            Survivors.Add($"{job.Key} (run {id}): process {string.Join(", ", left)}");
        }
    }

    private async Task AskAsync(ClusterJob job, long id, int server, string place)
    {
        for (var (n, lost) = (server, false); ; n++)
        {
            var which = n % _clients.Length;
            if (_clients.Length > 1 && ClusterServers.IsPlaceOf(which, place))
            {
                continue;
            }

            try
            {
                var status = await _clients[which].StopAsync(id, cancellationToken);
                if (status is >= 200 and < 300 || (status == Conflict && lost))
                {
                    return;
                }

                if (status < 500)
                {
                    Surprises.Add(string.Create(CultureInfo.InvariantCulture, $"{job.Key}: stop of run {id}: HTTP {status}"));
                    return;
                }
            }
            catch (Exception e) when (ClusterClients.IsLost(e, cancellationToken))
            {
                lost = true;
            }

            await Task.Delay(Again, cancellationToken);
        }
    }

    private async Task UntilFinalAsync(long id)
    {
        for (var n = 0; ; n++)
        {
            try
            {
                if ((await _clients[n % _clients.Length].RunAsync(id, 5, cancellationToken)).Status.IsFinal())
                {
                    return;
                }
            }
            catch (Exception e) when (ClusterClients.IsLost(e, cancellationToken))
            {
                await Task.Delay(Again, cancellationToken);
            }
        }
    }
}
