using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ascob.Demo;

/// <summary>
/// A small server on loopback that answers like a product does, for the demo and for tests of adapters. It keeps the product's promises and its oddities, counts what it was asked, and can be told to fail.
/// </summary>
internal abstract class PretendServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, int> _requests = new(StringComparer.Ordinal);
    private WebApplication? _app;

    /// <summary>Gets the address, with a slash at its end.</summary>
    /// <exception cref="InvalidOperationException">It was not started.</exception>
    public Uri Url => new(
        (_app ?? throw new InvalidOperationException("The server was not started.")).Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/");

    /// <summary>Gets or sets what is asked first for every request: true answers that the request is dealt with. Null for nothing.</summary>
    public Func<HttpContext, Task<bool>>? Before { get; set; }

    /// <summary>Gets the number of requests so far.</summary>
    public int Requests => _requests.Values.Sum();

    /// <summary>Counts the requests so far whose method and path start so, such as <c>POST /job/</c>.</summary>
    public int RequestsTo(string start) => _requests.Where(r => r.Key.StartsWith(start, StringComparison.Ordinal)).Sum(r => r.Value);

    /// <summary>Starts it on a free port, or on the given one.</summary>
    public async Task StartAsync(int port = 0, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddRouting();
        var app = builder.Build();
        app.Use(CountAsync);
        Map(app);
        await app.StartAsync(cancellationToken).ConfigureAwait(false);
        _app = app;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_app is { } app)
        {
            await app.DisposeAsync().ConfigureAwait(false);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Adds the product's routes.</summary>
    protected abstract void Map(IEndpointRouteBuilder routes);

    private async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        _requests.AddOrUpdate($"{context.Request.Method} {context.Request.Path}", 1, (_, n) => n + 1);
        if (Before is not { } before || !await before(context).ConfigureAwait(false))
        {
            await next(context).ConfigureAwait(false);
        }
    }
}
