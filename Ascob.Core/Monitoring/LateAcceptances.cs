using System.Threading.Channels;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Monitoring;

/// <summary>Jobs that a backend accepted after their run had ended: they are stopped there.</summary>
public sealed class LateAcceptances(StrayJobs strays, MonotonicClock clock, ILogger<LateAcceptances> logger)
{
    private const int MostLateTries = 360;

    private static readonly TimeSpan LatePause = TimeSpan.FromSeconds(10);

    private readonly Channel<(Run Run, IReadOnlyDictionary<string, string> Keys)> _late = Channel.CreateUnbounded<(Run, IReadOnlyDictionary<string, string>)>();

    /// <summary>Takes one in.</summary>
    internal void Add(Run run, IReadOnlyDictionary<string, string> keys) => _late.Writer.TryWrite((run, keys));

    /// <summary>Stops them until the backend takes the order, or for an hour: whoever it is that cannot stop its jobs is in the log. Ends with the server.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var waiting = new List<(Run Run, IReadOnlyDictionary<string, string> Keys, int Tries)>();
        while (!cancellationToken.IsCancellationRequested)
        {
            if (waiting.Count == 0)
            {
                await _late.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await Task.Delay(LatePause, clock.Time, cancellationToken).ConfigureAwait(false);
            }

            while (_late.Reader.TryRead(out var late))
            {
                waiting.Add((late.Run, late.Keys, 0));
            }

            for (var i = waiting.Count - 1; i >= 0; i--)
            {
                var (run, keys, tries) = waiting[i];
                var stopped = false;
                await LoopGuard.RunAsync(logger, "late acceptance", async () => stopped = await strays.StopLateAsync(run, keys, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
                if (stopped || tries == MostLateTries)
                {
                    waiting.RemoveAt(i);
                }
                else
                {
                    waiting[i] = (run, keys, tries + 1);
                }
            }
        }
    }
}
