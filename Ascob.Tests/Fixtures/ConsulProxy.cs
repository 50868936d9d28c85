using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Fixtures;

/// <summary>Stands between a server and Consul: notes what is asked, answers in Consul's place, or loses an answer on its way back.</summary>
internal sealed class ConsulProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMinutes(2) };
    private readonly Uri _consul;

    private ConsulProxy(WebApplication app, Uri consul)
    {
        _app = app;
        _consul = consul;
    }

    public Uri Url => new(_app.Urls.First());

    /// <summary>Gets the requests that came, as method and path.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Gets or sets what answers a request itself: status and body; null lets it through.</summary>
    public Func<string, (int Status, string Body)?>? Instead { get; set; }

    /// <summary>Gets or sets which requests reach Consul and get no answer.</summary>
    public Func<string, bool>? Loses { get; set; }

    /// <summary>Gets or sets what is made of the text of an answer.</summary>
    public Func<string, string>? Edits { get; set; }

    public static async Task<ConsulProxy> StartAsync(Uri consul)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var proxy = new ConsulProxy(app, consul);
        app.Run(proxy.ServeAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return proxy;
    }

    public int Count(string start) => Requests.Count(r => r.StartsWith(start, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var line = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
        Requests.Enqueue(line);
        if (Instead?.Invoke(line) is { } answer)
        {
            context.Response.StatusCode = answer.Status;
            await context.Response.WriteAsync(answer.Body, context.RequestAborted);
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(_consul, context.Request.Path + context.Request.QueryString.Value));
        if (context.Request.ContentLength > 0)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            request.Content = new ByteArrayContent(body.ToArray());
        }

        try
        {
            using var response = await _http.SendAsync(request, context.RequestAborted);
            var text = await response.Content.ReadAsStringAsync(context.RequestAborted);
            if (Loses?.Invoke(line) == true)
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = (int)response.StatusCode;
            if (response.Headers.TryGetValues("X-Consul-Index", out var index))
            {
                context.Response.Headers["X-Consul-Index"] = index.First();
            }

            await context.Response.WriteAsync(Edits?.Invoke(text) ?? text, context.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            context.Abort();
        }
    }
}
