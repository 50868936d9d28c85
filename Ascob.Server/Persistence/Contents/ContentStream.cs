using System.Buffers;

namespace Ascob.Server.Persistence.Contents;

/// <summary>
/// A content in the database as a stream with seek: one chunk is in memory, and while somebody reads on, the next one is fetched meanwhile. Should the content be deleted under a reader, the reader
/// gets an error and never an end that comes too early.
/// </summary>
/// <param name="length">How long the content is.</param>
/// <param name="fetch">Copies a chunk into a buffer and answers its length; null where there is none.</param>
internal sealed class ContentStream(long length, Func<int, Memory<byte>, CancellationToken, Task<int?>> fetch) : Stream
{
    private readonly CancellationTokenSource _closing = new();
    private Chunk? _present;
    private Chunk? _next;
    private long _position;
    private bool _isClosed;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    /// <summary>Answers whether the content is there, and fetches its beginning.</summary>
    public async Task<bool> IsThereAsync(CancellationToken cancellationToken) => length == 0 || await ChunkAsync(0, cancellationToken) is not null;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (_position >= length || buffer.IsEmpty)
        {
            return 0;
        }

        var number = (int)(_position / DatabaseContents.ChunkBytes);
        var bytes = await ChunkAsync(number, cancellationToken) ?? throw new IOException("The content was deleted while it was read.");
        var at = (int)(_position - ((long)number * DatabaseContents.ChunkBytes));
        var count = Math.Min(buffer.Length, bytes.Length - at);
        bytes.Slice(at, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // Nobody of ours reads without waiting, but a stream that cannot be read so would be a trap.
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => length + offset,
    };

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        await _closing.CancelAsync();
        await FreeAsync(_present);
        await FreeAsync(_next);
        (_present, _next) = (null, null);
        _closing.Dispose();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isClosed)
        {
            DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        base.Dispose(disposing);
    }

    private async Task<ReadOnlyMemory<byte>?> ChunkAsync(int number, CancellationToken cancellationToken)
    {
        if (_present?.Number != number)
        {
            await FreeAsync(_present);
            var wasNext = _next?.Number == number;
            if (!wasNext)
            {
                await FreeAsync(_next);
            }

            (_present, _next) = (wasNext ? _next : Fetch(number), null);
        }

        if (await _present!.Length.WaitAsync(cancellationToken) is not { } count)
        {
            return null;
        }

        var start = (long)number * DatabaseContents.ChunkBytes;
        if (count != Math.Min(DatabaseContents.ChunkBytes, length - start))
        {
            throw new IOException("A part of the content has not the length that it should have.");
        }

        // Only for a reader who came to the end of the part before: one who wants a piece of it gets no more than that.
        if (_next is null && _position > start && start + count < length)
        {
            _next = Fetch(number + 1);
        }

        return _present.Buffer.AsMemory(0, count);
    }

    private Chunk Fetch(int number)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(DatabaseContents.ChunkBytes);
        return new Chunk(number, buffer, fetch(number, buffer.AsMemory(0, DatabaseContents.ChunkBytes), _closing.Token));
    }

    private static async ValueTask FreeAsync(Chunk? chunk)
    {
        if (chunk is not null)
        {
            await ((Task)chunk.Length).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ArrayPool<byte>.Shared.Return(chunk.Buffer);
        }
    }

    private sealed record Chunk(int Number, byte[] Buffer, Task<int?> Length);
}
