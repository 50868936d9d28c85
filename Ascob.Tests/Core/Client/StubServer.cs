using System.Collections.Concurrent;
using System.Net;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Core.Client;

/// <summary>A real HTTP server on the loopback address that answers as a test says and remembers what it was asked.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StubServer(WebApplication app) => _app = app;

    public ConcurrentQueue<StubRequest> Requests { get; } = new();

    public Uri Url { get; private set; } = null!;

    public AscobClient Client { get; private set; } = null!;

    public static async Task<StubServer> StartAsync(Func<StubRequest, HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var server = new StubServer(builder.Build());
        server._app.Run(async context =>
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted);
            var request = new StubRequest(
                context.Request.Method,
                context.Request.Path.Value + context.Request.QueryString.Value,
                context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                body,
                server.Requests.Count + 1);
            server.Requests.Enqueue(request);
            await answer(request, context);
        });
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        var addresses = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        server.Url = new Uri(addresses.Single());
        server.Client = new AscobClient(server.Url, "secret", new AscobClientOptions { FirstDelay = TimeSpan.FromMilliseconds(1), MaxAttempts = 3 });
        return server;
    }

    public static Task JsonAsync<T>(HttpContext context, T value, int status = 200)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(value, AscobJson.Options);
    }

    public static Task ProblemAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new ProblemInfo { Status = status, Code = code, Detail = "It cannot be.", Errors = new Dictionary<string, string[]> { ["jobSpec.labels"] = ["too many"] } },
            AscobJson.Options,
            "application/problem+json");
    }

    public static RunInfo Run(RunStatus status, long id = 7, long version = 1) =>
        new() { Id = id, Status = status, DefinedTime = DateTimeOffset.UnixEpoch, Version = version, Attempt = 1 };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

internal sealed record StubRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body, int Number)
{
    public string Line => $"{Method} {Target}";
}
