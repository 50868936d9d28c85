using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Cluster;

/// <summary>
/// The simplest load balancer that deserves the name: asks each server's <c>/healthz/ready</c> twice in a second, hands each request to the next one that said yes, keeps its connections, and never
/// tries a request a second time. What it could not hand over it answers <c>502</c>, and counts.
/// </summary>
internal sealed class LoadBalancer : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly string[] OwnToEachConnection = ["Transfer-Encoding", "Connection", "Keep-Alive"];

    private readonly ConcurrentDictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false });
    private readonly CancellationTokenSource _stop = new();
    private readonly WebApplication _app;
    private readonly Task _asking;
    private int _next;

    private LoadBalancer(WebApplication app)
    {
        _app = app;
        _app.Run(ForwardAsync);
        _asking = AskAsync();
    }

    public Uri Url => new(_app.Urls.First());

    /// <summary>Gets what could not be handed over, with the reason.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    public static async Task<LoadBalancer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var balancer = new LoadBalancer(builder.Build());
        await balancer._app.StartAsync(TestContext.Current.CancellationToken);
        return balancer;
    }

    /// <summary>Sets where a server is; it gets requests when it says that it is ready.</summary>
    public void Put(string name, Uri url) => _members[name] = new Member(url);

    public bool Uses(string name) => _members.TryGetValue(name, out var member) && member.IsReady;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _asking;
        await _app.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task AskAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
        while (!_stop.IsCancellationRequested)
        {
            await Task.WhenAll(_members.Values.Select(async member =>
            {
                try
                {
                    using var answer = await client.GetAsync(new Uri(member.Url, "/healthz/ready"), _stop.Token);
                    member.IsReady = answer.IsSuccessStatusCode;
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                {
                    member.IsReady = false;
                }
            }));
            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var ready = _members.Values.Where(m => m.IsReady).ToArray();
        if (ready.Length == 0)
        {
            Fail(context, "no server is ready");
            return;
        }

        var member = ready[(uint)Interlocked.Increment(ref _next) % ready.Length];
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(member.Url, context.Request.Path + context.Request.QueryString));
        if (context.Request.ContentLength is > 0 || context.Request.Headers.TransferEncoding.Count > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
        }

        foreach (var header in context.Request.Headers.Where(h => h.Key is not "Host" && !OwnToEachConnection.Contains(h.Key)))
        {
            if (!request.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value))
            {
                request.Content?.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value);
            }
        }

        try
        {
            using var answer = await _http.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var header in answer.Headers.Concat(answer.Content.Headers).Where(h => !OwnToEachConnection.Contains(h.Key)))
            {
                context.Response.Headers[header.Key] = header.Value.ToArray();
            }

            await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await body.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !context.RequestAborted.IsCancellationRequested)
        {
            Fail(context, $"{request.Method} {request.RequestUri}: {e.Message} {e.InnerException?.Message}");
        }
    }

    private void Fail(HttpContext context, string reason)
    {
        Failures.Enqueue(reason);
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)HttpStatusCode.BadGateway;
    }

    private sealed class Member(Uri url)
    {
        private volatile bool _isReady;

        public Uri Url { get; } = url;

        public bool IsReady
        {
            get => _isReady;
            set => _isReady = value;
        }
    }
}
