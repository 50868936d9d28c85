using System.Net;
using System.Net.Sockets;
using Ascob.Backends.Http;

namespace Ascob.Tests.Backends.Http;

public sealed class SendOnceTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ForOrders_WhenTheConnectionEndsBeforeTheAnswer_SendsTheRequestOnce()
    {
        await using var server = new DroppingServer();
        using var client = BackendHttp.ForOrders(server.Url, _ => { });

        var fault = await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync("job/a/build", null, Stop));

        Assert.Equal(1, server.Requests);
        Assert.False(HttpFault.NeverSent(fault));
    }

    // Without our handler the transport repeats it, which would start a job twice: so the test above can fail.
    [Fact]
    public async Task PlainClient_WhenTheConnectionEndsBeforeTheAnswer_RepeatsARequestWithoutBody()
    {
        await using var server = new DroppingServer();
        using var client = new HttpClient { BaseAddress = server.Url };

        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync("job/a/build", null, Stop));

        Assert.True(server.Requests > 1, $"{server.Requests} request");
    }

    [Fact]
    public async Task ForOrders_WhenNobodyListens_ProvesThatNothingWasSent()
    {
        Uri url;
        await using (var server = new DroppingServer())
        {
            url = server.Url;
        }

        using var client = BackendHttp.ForOrders(url, _ => { });

        Assert.True(HttpFault.NeverSent(await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync("job/a/build", null, Stop))));
    }

    /// <summary>Reads each request and ends the connection without a word.</summary>
    private sealed class DroppingServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _loop;
        private int _requests;

        public DroppingServer()
        {
            _listener.Start();
            Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
            _loop = ServeAsync();
        }

        public Uri Url { get; }

        public int Requests => Volatile.Read(ref _requests);

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            _listener.Dispose();
            await _loop;
            _stopping.Dispose();
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await _listener.AcceptTcpClientAsync(_stopping.Token);
                    var buffer = new byte[4096];
                    if (await connection.GetStream().ReadAsync(buffer, _stopping.Token) > 0)
                    {
                        Interlocked.Increment(ref _requests);
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The test is over.
            }
        }
    }
}
