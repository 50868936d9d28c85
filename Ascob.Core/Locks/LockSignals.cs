using System.Threading.Channels;

namespace Ascob.Core.Locks;

/// <summary>Hints that a lock may have become free by what happened outside of this server, so that its waiters are tried at once and not at their next look.</summary>
public sealed class LockSignals
{
    private readonly Channel<string> _freed = Channel.CreateBounded<string>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Tells of locks that are worth a try.</summary>
    public void Freed(IEnumerable<string> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys)
        {
            // What is dropped is found again by the waiters' own look.
            _freed.Writer.TryWrite(key);
        }
    }

    /// <summary>Waits for hints and takes all that are there.</summary>
    public async Task<IReadOnlySet<string>> TakeAsync(CancellationToken cancellationToken)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        await _freed.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
        while (_freed.Reader.TryRead(out var key))
        {
            keys.Add(key);
        }

        return keys;
    }
}
