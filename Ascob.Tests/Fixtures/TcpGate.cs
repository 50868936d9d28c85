using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Ascob.Tests.Fixtures;

/// <summary>A way to a server that can be shut: then every connection breaks and none is made, as when a cable is pulled.</summary>
public sealed class TcpGate : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile bool _isShut;

    public TcpGate(int serverPort)
    {
        _listener.Start();
        _accepting = AcceptAsync(serverPort);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Shut()
    {
        _isShut = true;
        foreach (var client in _open.Keys)
        {
            client.Dispose();
        }
    }

    public void Open() => _isShut = false;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Shut();
        await Record.ExceptionAsync(() => _accepting);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync(int serverPort)
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = ServeAsync(client, serverPort);
        }
    }

    private async Task ServeAsync(TcpClient client, int serverPort)
    {
        using var _ = client;
        if (_isShut)
        {
            return;
        }

        _open[client] = true;
        await Record.ExceptionAsync(async () =>
        {
            using var server = new TcpClient { NoDelay = true };
            client.NoDelay = true;
            await server.ConnectAsync(IPAddress.Loopback, serverPort, _stop.Token);
            await Task.WhenAny(
                client.GetStream().CopyToAsync(server.GetStream(), _stop.Token),
                server.GetStream().CopyToAsync(client.GetStream(), _stop.Token));
        });
        _open.TryRemove(client, out bool _);
    }
}
