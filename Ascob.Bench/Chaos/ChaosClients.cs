using System.Collections.Concurrent;
using System.Globalization;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos;

/// <summary>Clients that submit job after job and repeat each until it is answered, whatever becomes of the server meanwhile.</summary>
internal sealed class ChaosClients(Uri server, ChaosSettings settings, ChaosPlan plan) : IDisposable
{
    private const int Unavailable = 503;
    private const int TooMany = 429;
    private const int Conflict = 409;
    private const int NotFound = 404;
    private const int Replays = 10;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(5);

    private readonly BenchClient _client = new(server, TimeSpan.FromSeconds(5));
    private readonly ConcurrentBag<Task> _stops = [];
    private int _lostAnswers;
    private int _replayed;

    /// <summary>Gets every answered job with the runs that were named for it.</summary>
    public ConcurrentDictionary<string, Accepted> Answered { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets what should not have been answered.</summary>
    public ConcurrentBag<string> Surprises { get; } = [];

    public int LostAnswers => _lostAnswers;

    public int Replayed => _replayed;

    /// <summary>Submits until told to end; then each client gets its last answer first.</summary>
    public async Task RunAsync(CancellationToken end, CancellationToken cancellationToken)
    {
        await Task.WhenAll(Enumerable.Range(0, settings.Clients).Select(_ => Task.Run(() => OneAsync(end, cancellationToken), cancellationToken)));
        await Task.WhenAll(_stops);
    }

    public void Dispose() => _client.Dispose();

    private async Task OneAsync(CancellationToken end, CancellationToken cancellationToken)
    {
        for (var i = 1; !end.IsCancellationRequested; i++)
        {
            var job = plan.Next();
            await SubmitAsync(job, cancellationToken);
            if (i % Replays == 0 && !settings.NaiveClients)
            {
                await SubmitAsync(job, cancellationToken);
            }

            if (job.StopAfter is { } pause)
            {
                _stops.Add(StopAsync(job, pause, cancellationToken));
            }

            if (!settings.NaiveClients)
            {
                await Task.Delay(Pace, cancellationToken);
            }
        }
    }

    private async Task SubmitAsync(ChaosJob job, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var (status, id, text) = await _client.SubmitAsync(job.Spec, settings.NaiveClients ? null : job.Key, cancellationToken);
                if (id > 0)
                {
                    Interlocked.Add(ref _replayed, status == 200 ? 1 : 0);
                    Answered.GetOrAdd(job.Key, _ => new Accepted(job, [])).RunIds.TryAdd(id, true);
                    return;
                }

                if (status is not (Unavailable or TooMany))
                {
                    Surprises.Add(string.Create(CultureInfo.InvariantCulture, $"{job.Key}: HTTP {status} {text}"));
                    if (status < 500)
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (IsLost(e, cancellationToken))
            {
                Interlocked.Increment(ref _lostAnswers);
            }

            await Task.Delay(Again, cancellationToken);
        }
    }

    private async Task StopAsync(ChaosJob job, TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, cancellationToken);
        if (!Answered.TryGetValue(job.Key, out var accepted))
        {
            return;
        }

        foreach (var id in accepted.RunIds.Keys)
        {
            await StopAsync(job, id, cancellationToken);
        }
    }

    private async Task StopAsync(ChaosJob job, long id, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var status = await _client.StopAsync(id, cancellationToken);
                if (status is >= 200 and < 300 or Conflict)
                {
                    return;
                }

                if (status == NotFound || status < 500)
                {
                    Surprises.Add(string.Create(CultureInfo.InvariantCulture, $"{job.Key}: stop of run {id}: HTTP {status}"));
                    return;
                }
            }
            catch (Exception e) when (IsLost(e, cancellationToken))
            {
                // Asked again.
            }

            await Task.Delay(Again, cancellationToken);
        }
    }

    private static bool IsLost(Exception e, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && e is HttpRequestException or OperationCanceledException or IOException or System.Text.Json.JsonException;
}

/// <summary>A job that was answered.</summary>
internal sealed record Accepted(ChaosJob Job, ConcurrentDictionary<long, bool> RunIds);
