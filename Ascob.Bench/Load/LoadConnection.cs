using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Ascob.Bench.Load;

/// <summary>One kept-alive HTTP/1.1 connection that reads no more of an answer than its status and its end.</summary>
internal sealed class LoadConnection : IDisposable
{
    private static ReadOnlySpan<byte> HeadEnd => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> ChunkEnd => "\r\n0\r\n\r\n"u8;

    private byte[] _buffer = new byte[16 * 1024];
    private int _filled;
    private int _bodyAt;
    private int _length;

    public LoadConnection(IPEndPoint server)
    {
        Socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Socket.Connect(server);
    }

    public Socket Socket { get; }

    /// <summary>Gets or sets the time from which the latency of the request under way counts.</summary>
    public long Since { get; set; }

    public void Send(ReadOnlySpan<byte> request)
    {
        _filled = 0;
        _bodyAt = 0;
        while (request.Length > 0)
        {
            request = request[Socket.Send(request)..];
        }
    }

    /// <summary>Reads what has arrived; answers the status when the answer is complete, 0 before.</summary>
    public int Receive()
    {
        if (_filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = Socket.Receive(_buffer.AsSpan(_filled));
        if (read == 0)
        {
            throw new BenchException("The server closed a connection under load.");
        }

        _filled += read;
        var seen = _buffer.AsSpan(0, _filled);
        if (_bodyAt == 0)
        {
            var end = seen.IndexOf(HeadEnd);
            if (end < 0)
            {
                return 0;
            }

            _bodyAt = end + HeadEnd.Length;
            _length = LengthIn(seen[..end]);
        }

        var whole = _length >= 0 ? _filled >= _bodyAt + _length : EndsChunked(seen[(_bodyAt - 2)..]);
        return whole && Utf8Parser.TryParse(seen[9..12], out int status, out _) ? status : 0;
    }

    public void Dispose() => Socket.Dispose();

    // The two bytes before the body make an empty chunked body look like any other.
    private static bool EndsChunked(ReadOnlySpan<byte> body) => body.EndsWith(ChunkEnd);

    private static int LengthIn(ReadOnlySpan<byte> head)
    {
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        if (at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _))
        {
            return length;
        }

        return head.IndexOf("\r\nTransfer-Encoding: chunked"u8) >= 0 ? -1 : 0;
    }
}
