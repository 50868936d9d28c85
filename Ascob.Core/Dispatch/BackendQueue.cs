using System.Collections.Concurrent;
using System.Threading.Channels;
using Ascob.Core.Runs;

namespace Ascob.Core.Dispatch;

/// <summary>The submissions of one backend in this process: in the order of their ranks, so many at once.</summary>
internal sealed class BackendQueue
{
    private readonly Channel<QueuedRun> _channel = Channel.CreateUnboundedPrioritized(new UnboundedPrioritizedChannelOptions<QueuedRun> { Comparer = QueuedRun.First });
    private readonly ConcurrentDictionary<long, bool> _inHand = new();
    private readonly Task[] _workers;

    public BackendQueue(int parallel, Func<QueuedRun, Task> submit) =>
        _workers = [.. Enumerable.Range(0, parallel).Select(_ => Task.Run(() => WorkAsync(submit)))];

    /// <summary>Gets how many runs are queued or under way.</summary>
    public int InHand => _inHand.Count;

    /// <summary>Takes a run, unless it is in hand already; answers whether it was taken.</summary>
    public bool Enqueue(QueuedRun queued)
    {
        if (!_inHand.TryAdd(queued.Run.Id, true))
        {
            return false;
        }

        if (_channel.Writer.TryWrite(queued))
        {
            return true;
        }

        _inHand.TryRemove(queued.Run.Id, out _);
        return false;
    }

    /// <summary>Takes no more, and waits for what is under way.</summary>
    public Task StopAsync()
    {
        _channel.Writer.TryComplete();
        return Task.WhenAll(_workers);
    }

    private async Task WorkAsync(Func<QueuedRun, Task> submit)
    {
        await foreach (var queued in _channel.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await submit(queued).ConfigureAwait(false);
            }
            finally
            {
                _inHand.TryRemove(queued.Run.Id, out _);
            }
        }
    }
}

/// <summary>A run in the queue.</summary>
/// <param name="Run">The run as it was read or stored.</param>
/// <param name="JustStored">Whether this process stored it so a moment ago: then nobody has sent it yet, even where it has an intent.</param>
/// <param name="Rank">Its place among those that wait here, smaller first; see <see cref="QueueRanks"/>.</param>
internal sealed record QueuedRun(Run Run, bool JustStored, long Rank = 0)
{
    /// <summary>Gets the order of the queue.</summary>
    public static IComparer<QueuedRun> First { get; } = Comparer<QueuedRun>.Create(static (a, b) => a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : a.Run.Id.CompareTo(b.Run.Id));
}
