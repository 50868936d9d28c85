using System.Collections.Concurrent;
using System.Threading.Channels;
using Ascob.Core.Runs;

namespace Ascob.Core.Dispatch;

/// <summary>The submissions of one backend in this process: in order, so many at once.</summary>
internal sealed class BackendQueue
{
    private readonly Channel<Run> _channel = Channel.CreateUnbounded<Run>();
    private readonly ConcurrentDictionary<long, bool> _inHand = new();
    private readonly Task[] _workers;

    public BackendQueue(int parallel, Func<Run, Task> submit) =>
        _workers = [.. Enumerable.Range(0, parallel).Select(_ => Task.Run(() => WorkAsync(submit)))];

    /// <summary>Gets how many runs are queued or under way.</summary>
    public int InHand => _inHand.Count;

    /// <summary>Answers whether a run is in hand.</summary>
    public bool Holds(long runId) => _inHand.ContainsKey(runId);

    /// <summary>Takes a run, unless it is in hand already.</summary>
    public void Enqueue(Run run)
    {
        if (_inHand.TryAdd(run.Id, true) && !_channel.Writer.TryWrite(run))
        {
            _inHand.TryRemove(run.Id, out _);
        }
    }

    /// <summary>Takes no more, and waits for what is under way.</summary>
    public Task StopAsync()
    {
        _channel.Writer.TryComplete();
        return Task.WhenAll(_workers);
    }

    private async Task WorkAsync(Func<Run, Task> submit)
    {
        await foreach (var run in _channel.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await submit(run).ConfigureAwait(false);
            }
            finally
            {
                _inHand.TryRemove(run.Id, out _);
            }
        }
    }
}
