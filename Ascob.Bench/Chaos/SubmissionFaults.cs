using System.Collections.Concurrent;
using System.Globalization;
using Ascob.Demo;
using Microsoft.AspNetCore.Http;

namespace Ascob.Bench.Chaos;

/// <summary>Harms submissions on their way to a pretend product and back. Which one is harmed how follows from the seed and its place in the line.</summary>
internal sealed class SubmissionFaults(PretendServer server, Func<HttpRequest, bool> isSubmission, int seed) : IDisposable
{
    private const string Through = "X-Chaos-Through";
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(4);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private readonly ConcurrentDictionary<string, int> _done = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Task> _late = [];
    private int _next;

    /// <summary>Deals with a request, or lets it pass.</summary>
    public async Task<bool> HarmAsync(HttpContext context)
    {
        if (!isSubmission(context.Request) || context.Request.Headers.ContainsKey(Through))
        {
            return false;
        }

#pragma warning disable CA5394 // A seed that makes the same faults again is what is wanted.
        var dice = new Random(unchecked((seed * 1_000_003) + Interlocked.Increment(ref _next))).Next(100);
#pragma warning restore CA5394
        switch (dice)
        {
            case < 4:
                Count("lost on the way");
                context.Abort();
                return true;
            case < 9:
                Count("carried out, answer lost");
                await CarryOutAsync(await CopyAsync(context.Request));
                context.Abort();
                return true;
            case < 12:
                Count("carried out, answered 500");
                await CarryOutAsync(await CopyAsync(context.Request));
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                return true;
            case < 15:
                Count("answered 502, carried out late");
                var copy = await CopyAsync(context.Request);
                _late.Add(CarryOutLateAsync(copy));
                context.Response.StatusCode = StatusCodes.Status502BadGateway;
                return true;
            default:
                Count("unharmed");
                return false;
        }
    }

    /// <summary>Waits until nothing is late any more.</summary>
    public Task SettleAsync(CancellationToken cancellationToken) => Task.WhenAll(_late).WaitAsync(cancellationToken);

    public string Describe() => string.Join(", ", _done.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => string.Create(CultureInfo.InvariantCulture, $"{d.Value} {d.Key}")));

    public void Dispose() => _http.Dispose();

    private async Task<HttpRequestMessage> CopyAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        var copy = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, request.Path.Value + request.QueryString.Value)) { Content = new ByteArrayContent(body.ToArray()) };
        foreach (var (name, values) in request.Headers)
        {
            if (!name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) && name is not ("Host" or "Connection" or "Transfer-Encoding"))
            {
                copy.Headers.TryAddWithoutValidation(name, values.ToArray());
            }
        }

        if (request.ContentType is { } type)
        {
            copy.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        copy.Headers.Add(Through, "1");
        return copy;
    }

    private async Task CarryOutLateAsync(HttpRequestMessage request)
    {
        await Task.Delay(Late);
        await CarryOutAsync(request);
    }

    private async Task CarryOutAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var answer = await _http.SendAsync(request);
        }
    }

    private void Count(string what) => _done.AddOrUpdate(what, 1, (_, n) => n + 1);
}
