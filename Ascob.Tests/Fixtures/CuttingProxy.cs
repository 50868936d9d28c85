using System.Net;
using System.Net.Sockets;

namespace Ascob.Tests.Fixtures;

/// <summary>A TCP proxy that, when told, lets the next message through to the server, swallows the answer and cuts the connection.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private readonly Func<ReadOnlyMemory<byte>, bool> _isTarget;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _armed;
    private int _cuts;

    public CuttingProxy(int serverPort, Func<ReadOnlyMemory<byte>, bool> isTarget)
    {
        _serverPort = serverPort;
        _isTarget = isTarget;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Cuts => Volatile.Read(ref _cuts);

    public void Arm() => Interlocked.Exchange(ref _armed, 1);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Record.ExceptionAsync(() => _accepting);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using var _ = client;
        await Record.ExceptionAsync(async () =>
        {
            await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
            var swallow = new StrongBox();
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            var up = PumpAsync(client.GetStream(), server.GetStream(), data =>
            {
                if (_isTarget(data) && Interlocked.Exchange(ref _armed, 0) == 1)
                {
                    Interlocked.Increment(ref _cuts);
                    swallow.On = true;
                }

                return true;
            }, ended.Token);
            var down = PumpAsync(server.GetStream(), client.GetStream(), _ => !swallow.On, ended.Token);
            await Task.WhenAny(up, down);
            await ended.CancelAsync();
        });
    }

    private static async Task PumpAsync(NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, bool> goesOn, CancellationToken cancellationToken)
    {
        var buffer = new byte[65536];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0 && goesOn(buffer.AsMemory(0, read)))
        {
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private sealed class StrongBox
    {
        public volatile bool On;
    }
}
