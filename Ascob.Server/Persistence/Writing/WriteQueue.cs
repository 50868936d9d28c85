using System.Threading.Channels;
using Ascob.Core.Errors;

namespace Ascob.Server.Persistence.Writing;

/// <summary>The line of changes that wait for the next transaction. Bounded, and nobody waits longer than allowed.</summary>
internal sealed class WriteQueue(int capacity, TimeSpan longestWait)
{
    /// <summary>The most changes of one transaction.</summary>
    public const int LargestBatch = 256;

    private readonly Channel<WriteOperation> _channel = Channel.CreateBounded<WriteOperation>(new BoundedChannelOptions(capacity)
    {
        FullMode = BoundedChannelFullMode.Wait,
    });

    public ChannelReader<WriteOperation> Reader => _channel.Reader;

    public void Complete() => _channel.Writer.TryComplete();

    public async Task<T> SendAsync<T>(WriteOperation<T> operation, CancellationToken cancellationToken)
    {
        if (!_channel.Writer.TryWrite(operation))
        {
            await WaitForRoomAsync(operation, cancellationToken);
        }

        try
        {
            return await operation.Answer.WaitAsync(longestWait, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (operation.Answer.IsCompleted || !operation.TryGiveUp())
            {
                // It is part of a transaction that is under way or has ended just now: only its end can say what became of it.
                return await operation.Answer;
            }

            cancellationToken.ThrowIfCancellationRequested();
            throw new StoreUnavailableException("The database did not take the change in time.", e);
        }
    }

    /// <summary>Takes what waits, up to the largest batch; operations whose callers gave up are dropped.</summary>
    public void Drain(List<WriteOperation> batch)
    {
        while (batch.Count < LargestBatch && _channel.Reader.TryRead(out var operation))
        {
            if (operation.TryTake())
            {
                batch.Add(operation);
            }
        }
    }

    private async Task WaitForRoomAsync(WriteOperation operation, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(longestWait);
        try
        {
            await _channel.Writer.WriteAsync(operation, limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreUnavailableException("Too many changes wait for the database.", e);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreUnavailableException("The server is stopping.", e);
        }
    }
}
