using System.Runtime.ExceptionServices;

namespace Ascob.Core.Schedules;

/// <summary>
/// Begins launches in an order: each when the one before it has launched, or has had its time. Mostly they come one after the other, so that the order is that of the runs; while a launch is slow the next
/// ones go on beside it.
/// </summary>
internal static class LaunchOrder
{
    // A launch is a transaction or two, of a few milliseconds; more only while something is slow, and then all are not made to wait for each.
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(20);

    /// <summary>Answers the firings of each schedule, oldest first, in the order in which they are begun: by time, by the name of the definition, and by the number of the schedule.</summary>
    public static IEnumerable<List<ClaimedTick>> Of(IEnumerable<ClaimedTick> equal) => equal.GroupBy(c => c.Schedule.Id)
        .Select(g => g.OrderBy(c => c.Tick.Tick).ToList())
        .OrderBy(g => g[0].Tick.DueAt)
        .ThenBy(g => g[0].DefinitionName, StringComparer.Ordinal)
        .ThenBy(g => g[0].Schedule.Id);

    /// <summary>Launches all of them.</summary>
    /// <param name="schedules">The firings of each schedule, in order.</param>
    /// <param name="launchAsync">Launches one.</param>
    /// <param name="parallelism">How many schedules at once at most.</param>
    /// <param name="time">The time that a launch is given.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(
        IEnumerable<List<ClaimedTick>> schedules, Func<ClaimedTick, CancellationToken, Task> launchAsync, int parallelism, TimeProvider time, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(parallelism);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ExceptionDispatchInfo? trouble = null;
        var underWay = new List<Task>();
        foreach (var ticks in schedules)
        {
            await places.WaitAsync(stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                break;
            }

            var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            underWay.Add(RunAsync(ticks, first));
            await first.Task.WaitAsync(HeadStart, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(underWay).ConfigureAwait(false);
        trouble?.Throw();
        cancellationToken.ThrowIfCancellationRequested();

        async Task RunAsync(List<ClaimedTick> ticks, TaskCompletionSource first)
        {
            try
            {
                foreach (var tick in ticks)
                {
                    await launchAsync(tick, stop.Token).ConfigureAwait(false);
                    first.TrySetResult();
                }
            }
#pragma warning disable CA1031 // The first trouble ends all of them, and is thrown when they have ended.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref trouble, ExceptionDispatchInfo.Capture(e), null);
                await stop.CancelAsync().ConfigureAwait(false);
            }
            finally
            {
                first.TrySetResult();
                places.Release();
            }
        }
    }
}
