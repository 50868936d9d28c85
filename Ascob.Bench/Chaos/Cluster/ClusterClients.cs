using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>Clients that submit each job to one server after the other until one has answered, always under the same key.</summary>
internal sealed class ClusterClients(IReadOnlyList<Uri> servers, ClusterPlan plan, ClusterSettings settings, ClusterStops stops) : IDisposable
{
    private const int Unavailable = 503;
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20);
    private readonly BenchClient[] _clients = [.. servers.Select(s => new BenchClient(s, TimeSpan.FromSeconds(10)))];
    private int _next;
    private int _lostAnswers;

    /// <summary>Gets each accepted job with its run.</summary>
    public ConcurrentDictionary<string, (ClusterJob Job, long RunId)> Accepted { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets what should not have been answered.</summary>
    public ConcurrentBag<string> Surprises { get; } = [];

    public int LostAnswers => _lostAnswers;

    /// <summary>Submits all jobs, spread over <paramref name="over"/>; what could not be sent in its time is sent as soon as that is possible.</summary>
    public Task RunAsync(TimeSpan over, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, ClusterSettings.Clients).Select(c => Task.Run(() => OneAsync(c, begun, over / settings.Runs, cancellationToken), cancellationToken)));
    }

    public void Dispose() => Array.ForEach(_clients, c => c.Dispose());

    private async Task OneAsync(int client, long begun, TimeSpan pace, CancellationToken cancellationToken)
    {
        int n;
        while ((n = Interlocked.Increment(ref _next) - 1) < settings.Runs)
        {
            if ((pace * n) - Stopwatch.GetElapsedTime(begun) is var early && early > TimeSpan.Zero)
            {
                await Task.Delay(early, cancellationToken);
            }

            await SubmitAsync(plan.At(n), client + n, cancellationToken);
        }
    }

    private async Task SubmitAsync(ClusterJob job, int server, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                var (status, id, text) = await _clients[(server + tries) % _clients.Length].SubmitAsync(job.Spec, job.Key, cancellationToken);
                if (id > 0)
                {
                    if (Accepted.GetOrAdd(job.Key, (job, id)).RunId != id)
                    {
                        Surprises.Add($"{job.Key} became two runs");
                    }
                    else if (job.IsStopped)
                    {
                        stops.Add(job, id);
                    }

                    return;
                }

                if (status != Unavailable)
                {
                    Surprises.Add(string.Create(CultureInfo.InvariantCulture, $"{job.Key}: HTTP {status} {text}"));
                    return;
                }
            }
            catch (Exception e) when (IsLost(e, cancellationToken))
            {
                Interlocked.Increment(ref _lostAnswers);
            }

            await Task.Delay(Again, cancellationToken);
        }
    }

    /// <summary>Tells whether an answer was lost that may be asked for again.</summary>
    public static bool IsLost(Exception e, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && e is HttpRequestException or OperationCanceledException or IOException or System.Text.Json.JsonException;
}
