using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ascob.Tests.Robustness;

/// <summary>Sends bytes and reads what comes back, without any of the care that a real client takes.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>Sends a request on a connection of its own, and reads until the server hangs up.</summary>
    public static async Task<RawAnswer> SendAsync(int port, RawRequest request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Longest);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
        var sending = WriteAsync(socket, request, limit.Token);
        var received = await ReadAsync(socket, limit.Token);
        await sending;
        return Parse(received);
    }

    private static async Task WriteAsync(Socket socket, RawRequest request, CancellationToken cancellationToken)
    {
        try
        {
            ReadOnlyMemory<byte> rest = request.Bytes;
            while (rest.Length > 0)
            {
                rest = rest[await socket.SendAsync(rest, cancellationToken)..];
            }

            if (request.IsIncomplete)
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // The server has refused what it saw so far and hung up.
        }
    }

    private static async Task<byte[]> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
            {
                all.Write(buffer, 0, read);
            }
        }
        catch (SocketException)
        {
            // A reset after the answer, or instead of it.
        }

        return all.ToArray();
    }

    private static RawAnswer Parse(byte[] received)
    {
        var end = received.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return RawAnswer.None;
        }

        var lines = Encoding.Latin1.GetString(received, 0, end).Split("\r\n");
        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var body = received.AsSpan(end + 4).ToArray();
        if (status == 100)
        {
            return Parse(body);
        }

        var isChunked = Header(lines, "Transfer-Encoding") is not null;
        return new RawAnswer(status, Header(lines, "Content-Type"), isChunked ? Join(body) : body);
    }

    private static string? Header(string[] lines, string name) =>
        lines.Skip(1).FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

    private static byte[] Join(byte[] chunked)
    {
        using var body = new MemoryStream();
        var rest = chunked.AsSpan();
        while (rest.IndexOf("\r\n"u8) is > 0 and var line
            && int.TryParse(Encoding.Latin1.GetString(rest[..line]), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size)
            && size > 0 && rest.Length >= line + 2 + size)
        {
            body.Write(rest.Slice(line + 2, size));
            rest = rest[(line + 2 + size + 2)..];
        }

        return body.ToArray();
    }
}
