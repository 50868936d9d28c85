using System.Text;
using Ascob.Core.Output;
using Microsoft.Win32.SafeHandles;

namespace Ascob.Server.Persistence.Output;

/// <summary>
/// Makes one document of a stream of any length: the beginning, one line that says how many bytes are missing, the end. The end is kept in a
/// ring file meanwhile, so neither memory nor disk grows with the stream.
/// </summary>
internal sealed class CappedDocumentWriter(string path, CappedLogLimits limits) : IAsyncDisposable
{
    private readonly string _ringPath = path + ".ring";
    private readonly SafeFileHandle _document = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
    private SafeFileHandle? _ring;
    private long _head;
    private long _tail;
    private long _dropped;
    private bool _headClosed;

    /// <summary>Writes the document of a stream from its first piece to its end.</summary>
    /// <exception cref="IOException">The disk does not take it, or the backend never comes to an end.</exception>
    public static async Task WriteAsync(
        string path, CappedLogLimits limits, OutputChunk chunk, Func<long, CancellationToken, Task<OutputChunk>> read, CancellationToken cancellationToken)
    {
        await using var document = new CappedDocumentWriter(path, limits);
        document.Append(chunk.Data.Span, chunk.Dropped);
        while (!chunk.Complete)
        {
            var offset = chunk.NextOffset;
            chunk = await read(offset, cancellationToken);
            if (!chunk.Complete && chunk.NextOffset <= offset)
            {
                throw new IOException("The backend says that more output will come but gives none.");
            }

            document.Append(chunk.Data.Span, chunk.Dropped);
        }

        await document.FinishAsync(cancellationToken);
    }

    public void Append(ReadOnlySpan<byte> bytes, long droppedBefore)
    {
        if (droppedBefore > 0)
        {
            // The end that was kept so far does not join on to what follows: it goes with the gap, so that one line tells of all that is missing.
            _dropped += droppedBefore + _tail;
            _tail = 0;
            _headClosed = true;
        }

        if (!_headClosed)
        {
            var piece = bytes[..(int)Math.Min(bytes.Length, limits.HeadBytes - _head)];
            RandomAccess.Write(_document, piece, _head);
            _head += piece.Length;
            bytes = bytes[piece.Length..];
            _headClosed = _head == limits.HeadBytes;
        }

        AppendToRing(bytes);
    }

    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        var missing = _dropped + Math.Max(0, _tail - limits.TailBytes);
        var at = _head;
        if (missing > 0)
        {
            var line = Encoding.UTF8.GetBytes(limits.DroppedLine(missing));
            RandomAccess.Write(_document, line, at);
            at += line.Length;
        }

        var buffer = new byte[64 * 1024];
        for (var from = Math.Max(0, _tail - limits.TailBytes); from < _tail;)
        {
            var inRing = from % limits.TailBytes;
            var length = (int)Math.Min(Math.Min(buffer.Length, _tail - from), limits.TailBytes - inRing);
            var read = await RandomAccess.ReadAsync(_ring!, buffer.AsMemory(0, length), inRing, cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException("The kept end of the output is shorter than what was written.");
            }

            RandomAccess.Write(_document, buffer.AsSpan(0, read), at);
            from += read;
            at += read;
        }
    }

    public ValueTask DisposeAsync()
    {
        _document.Dispose();
        if (_ring is not null)
        {
            _ring.Dispose();
            File.Delete(_ringPath);
        }

        return ValueTask.CompletedTask;
    }

    private void AppendToRing(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _ring ??= File.OpenHandle(_ringPath, FileMode.Create, FileAccess.ReadWrite);
            var at = _tail % limits.TailBytes;
            var piece = bytes[..(int)Math.Min(bytes.Length, limits.TailBytes - at)];
            RandomAccess.Write(_ring, piece, at);
            _tail += piece.Length;
            bytes = bytes[piece.Length..];
        }
    }
}
