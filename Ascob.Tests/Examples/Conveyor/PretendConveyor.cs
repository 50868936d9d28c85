using System.Collections.Concurrent;
using System.Globalization;
using Ascob.Demo;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ascob.Tests.Examples.Conveyor;

/// <summary>A small conveyor: the job <c>short</c> is delivered soon, <c>long</c> moves until it is recalled.</summary>
internal sealed class PretendConveyor : PretendServer
{
    public const string Token = "conveyor-token-canary";
    private static readonly TimeSpan ShortTime = TimeSpan.FromMilliseconds(30);

    private readonly ConcurrentDictionary<string, Start> _starts = new(StringComparer.Ordinal);
    private int _last;

    public int Started(string marker) => _starts.Values.Count(s => s.Marker == marker);

    protected override void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").AddEndpointFilter(async (context, next) =>
            context.HttpContext.Request.Headers.Authorization == $"Bearer {Token}" ? await next(context) : Results.Json(new { error = "who are you?" }, statusCode: 401));
        api.MapGet("/ping", () => Results.Json(new { product = "conveyor" }));
        api.MapPost("/jobs/{name}/starts", (string name, ConveyorOrder order) => StartJob(name, order));
        api.MapGet("/starts", (string? ids, string? marker) => Results.Json(new ConveyorList([.. Select(ids, marker).Select(s => s.Show())])));
        api.MapPost("/starts/{id}/recall", (string id) => Recall(id));
        api.MapGet("/starts/{id}/log", (HttpContext context, string id, int from) => Log(context, id, from));
    }

    private IResult StartJob(string name, ConveyorOrder order)
    {
        if (name is not ("short" or "long"))
        {
            return Results.Json(new { error = $"no job {name}" }, statusCode: 404);
        }

        var id = Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture);
        var start = new Start(id, order.Marker, name == "short" ? ShortTime : null);
        _starts[id] = start;
        return Results.Json(start.Show(), statusCode: 201);
    }

    private IEnumerable<Start> Select(string? ids, string? marker) => marker is not null
        ? _starts.Values.Where(s => s.Marker == marker)
        : (ids ?? string.Empty).Split(',').Select(id => _starts.GetValueOrDefault(id)).OfType<Start>();

    private IResult Recall(string id)
    {
        if (!_starts.TryGetValue(id, out var start))
        {
            return Results.Json(new { error = "no such start" }, statusCode: 404);
        }

        start.Recall();
        return Results.Json(new { }, statusCode: 202);
    }

    private IResult Log(HttpContext context, string id, int from)
    {
        var text = _starts.TryGetValue(id, out var start) ? $"start {id} of {start.Marker}\n" : string.Empty;
        context.Response.Headers["X-Over"] = start?.Show().State is "waiting" or "moving" ? "false" : "true";
        return Results.Text(text[Math.Min(from, text.Length)..]);
    }

    private sealed class Start(string id, string marker, TimeSpan? length)
    {
        private readonly long _begun = TimeProvider.System.GetTimestamp();
        private volatile bool _recalled;

        public string Marker { get; } = marker;

        public void Recall() => _recalled |= Show().State == "moving";

        public ConveyorStart Show() => new(id, Marker, _recalled ? "recalled" : TimeProvider.System.GetElapsedTime(_begun) >= length ? "delivered" : "moving", null);
    }
}
