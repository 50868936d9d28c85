using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Backends.Rundeck;

/// <summary>
/// Harms what goes between the engine and a pretend Rundeck. Which delivery of which job is harmed how follows from the seed alone; jobs are told apart by their option <c>n</c>.
/// </summary>
internal sealed class RundeckFaultPlan(int seed, TimeProvider time)
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(45);

    private readonly ConcurrentDictionary<int, int> _deliveries = new();
    private readonly ConcurrentDictionary<string, int> _done = new(StringComparer.Ordinal);
    private int _reads;
    private int _orders;

    /// <summary>Gets how often each kind of harm was done.</summary>
    public IReadOnlyDictionary<string, int> Done => _done;

    /// <summary>Gets how many orders are on their way or held back.</summary>
    public int Orders => Volatile.Read(ref _orders);

    public Task<bool> HarmAsync(HttpContext context)
    {
        if (context.Request.Method != HttpMethods.Post)
        {
            return HarmReadAsync(context);
        }

        Interlocked.Increment(ref _orders);
        context.Response.OnCompleted(() => Task.FromResult(Interlocked.Decrement(ref _orders)));
        return HarmOrderAsync(context);
    }

    private async Task<bool> HarmOrderAsync(HttpContext context)
    {
        // The job has been taken over the wire whole; whether the sender still waits makes no difference to it any more.
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        body.Position = 0;
        context.Request.Body = body;
        using var json = await JsonDocument.ParseAsync(body);
        body.Position = 0;
        var number = int.Parse(json.RootElement.GetProperty("options").GetProperty("n").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
        var delivery = _deliveries.AddOrUpdate(number, 1, (_, n) => n + 1);
        var gone = context.RequestAborted;
        context.RequestAborted = CancellationToken.None;
        switch (new Random(unchecked((seed * 1_000_003) + (number * 101) + delivery)).Next(20))
        {
            case 0 or 1:
                return Abort(context, "request dropped");
            case 2 or 3 or 4:
                context.Response.OnStarting(() => Task.FromResult(Abort(context, "answer dropped")));
                return false;
            case 5:
                Count("request delayed beyond the timeout");
                await Task.Delay(Delay, time, CancellationToken.None);
                return false;
            case 6:
                Count("answer delayed beyond the timeout");
                context.Response.OnStarting(() => Task.Delay(Delay, time, gone));
                return false;
            case 7 or 8:
                Count("answer truncated");
                context.Response.Body = new SpoiltStream(context.Response.Body, bytes => bytes[..Math.Min(bytes.Length, 40)]);
                return false;
            case 9:
                Count("answer doubled");
                context.Response.Body = new SpoiltStream(context.Response.Body, bytes => [.. bytes, .. bytes]);
                return false;
            case 10:
                Count("500 before it was taken");
                context.Response.StatusCode = 500;
                return true;
            case 11:
                Count("502 after it was taken");
                context.Response.OnStarting(() =>
                {
                    context.Response.StatusCode = 502;
                    return Task.CompletedTask;
                });
                return false;
            default:
                Count("unharmed");
                return false;
        }
    }

    private async Task<bool> HarmReadAsync(HttpContext context)
    {
        switch (new Random(unchecked((seed * 7) + Interlocked.Increment(ref _reads))).Next(100))
        {
            case 0 or 1:
                return Abort(context, "read dropped");
            case 2:
                Count("read answered by a login page");
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync("<html>Login</html>");
                return true;
            case 3:
                Count("read truncated");
                context.Response.Body = new SpoiltStream(context.Response.Body, bytes => bytes[..(bytes.Length / 2)]);
                return false;
            default:
                return false;
        }
    }

    private bool Abort(HttpContext context, string what)
    {
        Count(what);
        context.Abort();
        return true;
    }

    private void Count(string what) => _done.AddOrUpdate(what, 1, (_, n) => n + 1);

    /// <summary>Passes what is written on in another shape.</summary>
    private sealed class SpoiltStream(Stream inner, Func<byte[], byte[]> spoil) : MemoryStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => await inner.WriteAsync(spoil(buffer.ToArray()), cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);
    }
}
