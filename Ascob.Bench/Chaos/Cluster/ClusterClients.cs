using System.Collections.Concurrent;
using System.Globalization;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>Clients that submit each job to one server after the other until one has answered, always under the same key.</summary>
internal sealed class ClusterClients(IReadOnlyList<Uri> servers, ClusterPlan plan, ClusterSettings settings) : IDisposable
{
    private const int Unavailable = 503;
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20);
    private readonly BenchClient[] _clients = [.. servers.Select(s => new BenchClient(s, TimeSpan.FromSeconds(10)))];
    private int _next;
    private int _lostAnswers;

    /// <summary>Gets the run of each accepted job.</summary>
    public ConcurrentDictionary<string, long> Accepted { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets what should not have been answered.</summary>
    public ConcurrentBag<string> Surprises { get; } = [];

    public int LostAnswers => _lostAnswers;

    /// <summary>Submits all jobs, spread over <paramref name="over"/>.</summary>
    public Task RunAsync(TimeSpan over, CancellationToken cancellationToken)
    {
        var pace = over * ClusterSettings.Clients / settings.Runs;
        return Task.WhenAll(Enumerable.Range(0, ClusterSettings.Clients).Select(c => Task.Run(() => OneAsync(c, pace, cancellationToken), cancellationToken)));
    }

    public void Dispose() => Array.ForEach(_clients, c => c.Dispose());

    private async Task OneAsync(int client, TimeSpan pace, CancellationToken cancellationToken)
    {
        int n;
        while ((n = Interlocked.Increment(ref _next) - 1) < settings.Runs)
        {
            await SubmitAsync(plan.At(n), client + n, cancellationToken);
            await Task.Delay(pace, cancellationToken);
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
                    if (Accepted.GetOrAdd(job.Key, id) != id)
                    {
                        Surprises.Add($"{job.Key} became two runs");
                    }

                    return;
                }

                if (status != Unavailable)
                {
                    Surprises.Add(string.Create(CultureInfo.InvariantCulture, $"{job.Key}: HTTP {status} {text}"));
                    return;
                }
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or OperationCanceledException or IOException or System.Text.Json.JsonException)
            {
                Interlocked.Increment(ref _lostAnswers);
            }

            await Task.Delay(Again, cancellationToken);
        }
    }
}
