using System.Net.Http.Headers;
using System.Net.Sockets;
using Ascob.Core.Backends;

namespace Ascob.Backends.Http;

/// <summary>
/// The HTTP clients of one configured backend. Redirects are answers with a meaning and are never followed, cookies are the adapter's business, and no answer is larger than memory
/// allows. Time limits come with each call.
/// </summary>
internal static class BackendHttp
{
    /// <summary>The largest answer that is read at once.</summary>
    public const int LargestAnswer = 16 * 1024 * 1024;

    // A host that does not answer a connection is known to be away long before the call's own limit, and then it is certain that nothing was sent.
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(5);

    /// <summary>Makes the client for everything that changes nothing: kept connections, and reads are repeated a little.</summary>
    public static HttpClient ForReads(BackendContext context, Uri baseUrl, Action<HttpRequestHeaders> authorize)
    {
        var sockets = Sockets();
        sockets.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
        return Client(new ReadRetryHandler(context.Options.Resilience, context.Time) { InnerHandler = sockets }, baseUrl, authorize);
    }

    /// <summary>
    /// Makes the client for submissions and orders. Each goes out once, on a connection of its own: <see cref="SocketsHttpHandler"/> silently repeats a request without a body when a connection ends before the answer, whatever its
    /// method.
    /// </summary>
    public static HttpClient ForOrders(Uri baseUrl, Action<HttpRequestHeaders> authorize)
    {
        var sockets = Sockets();
        sockets.PooledConnectionLifetime = TimeSpan.Zero;
        return Client(new SendOnceHandler { InnerHandler = sockets }, baseUrl, authorize);
    }

    private static HttpClient Client(HttpMessageHandler handler, Uri baseUrl, Action<HttpRequestHeaders> authorize)
    {
        var client = new HttpClient(handler)
        {
            BaseAddress = baseUrl,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Ascob", typeof(BackendHttp).Assembly.GetName().Version?.ToString(3)));
        authorize(client.DefaultRequestHeaders);
        return client;
    }

    private static SocketsHttpHandler Sockets() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxConnectionsPerServer = 32,
        ConnectCallback = ConnectAsync,
    };

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestConnect);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, limit.Token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
