using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Fixtures;

/// <summary>What a receiver got.</summary>
internal sealed record Received(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>Gets the run and the event of a native webhook.</summary>
    public (long RunId, string Event) Told => (Json.GetProperty("data").GetProperty("runId").GetInt64(), Json.GetProperty("data").GetProperty("event").GetString()!);

    public string Id => Headers["webhook-id"];
}

/// <summary>A real HTTP server on the loopback that takes messages, and answers as it is told.</summary>
internal sealed class TestReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Received> _received = new();

    private TestReceiver(WebApplication app) => _app = app;

    /// <summary>Gets everything that arrived, also what was answered with a failure.</summary>
    public IReadOnlyList<Received> All => [.. _received];

    /// <summary>Gets or sets what is answered; a success where nothing is set.</summary>
    public Func<HttpContext, Received, Task>? Answer { get; set; }

    public string Url => _app.Urls.First();

    public int Port => new Uri(Url).Port;

    /// <summary>Starts it.</summary>
    /// <param name="port">A port of an earlier one; 0 for any.</param>
    public static async Task<TestReceiver> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1));
        var app = builder.Build();
        var receiver = new TestReceiver(app);
        app.Run(receiver.TakeAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    /// <summary>Waits until so many messages fit.</summary>
    public async Task<IReadOnlyList<Received>> UntilAsync(int count, Func<Received, bool>? fits = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var found = All.Where(r => fits is null || fits(r)).ToList();
            if (found.Count >= count)
            {
                return found;
            }

            Assert.False(limit.IsCancellationRequested, $"{found.Count} of {count} messages arrived; of all kinds: {All.Count}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await _app.StopAsync(soon.Token);
        }
        catch (OperationCanceledException)
        {
            // Somebody is kept waiting on purpose.
        }

        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var received = new Received(
            context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray());
        _received.Enqueue(received);
        if (Answer is { } answer)
        {
            await answer(context, received);
        }
    }
}
