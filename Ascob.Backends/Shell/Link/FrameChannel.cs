using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;

namespace Ascob.Backends.Shell.Link;

/// <summary>
/// Messages over a stream socket: four bytes of length, then JSON. Sending never waits; whatever has gathered goes out in one call. Receiving is for one reader.
/// </summary>
internal sealed class FrameChannel<TOut, TIn>(Socket socket, JsonTypeInfo<TOut> outType, JsonTypeInfo<TIn> inType) : IDisposable
{
    // An environment and arguments of the largest size the kernel takes, escaped, fit well.
    private const int MaxFrameBytes = 64 * 1024 * 1024;
    private const int HeaderBytes = 4;

    private readonly Channel<TOut> _outgoing = Channel.CreateUnbounded<TOut>(new UnboundedChannelOptions { SingleReader = true });
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>Queues a message; false when the channel is closed.</summary>
    public bool TrySend(TOut message) => _outgoing.Writer.TryWrite(message);

    /// <summary>Sends what is queued until the channel closes or breaks.</summary>
    public async Task SendAllAsync(CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        while (await _outgoing.Reader.WaitToReadAsync(cancellationToken))
        {
            while (buffer.WrittenCount < 64 * 1024 && _outgoing.Reader.TryRead(out var message))
            {
                Append(buffer, message);
            }

            for (var rest = buffer.WrittenMemory; !rest.IsEmpty;)
            {
                var sent = await socket.SendAsync(rest, SocketFlags.None, cancellationToken);
                rest = rest[sent..];
            }

            // Cleared, not only reset: environments hold secrets.
            buffer.Clear();
        }
    }

    /// <summary>Receives the next message; null when the other side has closed.</summary>
    public async ValueTask<TIn?> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (!await FillAsync(HeaderBytes, cancellationToken))
        {
            return default;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_start));
        if (length is < 0 or > MaxFrameBytes)
        {
            throw new InvalidDataException("The other side does not speak this protocol.");
        }

        if (!await FillAsync(HeaderBytes + length, cancellationToken))
        {
            return default;
        }

        var message = JsonSerializer.Deserialize(_buffer.AsSpan(_start + HeaderBytes, length), inType);
        _start += HeaderBytes + length;
        return message ?? throw new InvalidDataException("The other side sent an empty message.");
    }

    public void Dispose()
    {
        _outgoing.Writer.TryComplete();
        socket.Dispose();
    }

    private void Append(ArrayBufferWriter<byte> buffer, TOut message)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(message, outType);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(HeaderBytes), json.Length);
        buffer.Advance(HeaderBytes);
        buffer.Write(json);
    }

    private async ValueTask<bool> FillAsync(int needed, CancellationToken cancellationToken)
    {
        while (_end - _start < needed)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            if (_buffer.Length < needed)
            {
                Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));
            }

            var read = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }
}
