using System.Collections.Concurrent;
using System.Text;
using Ascob.Tests.Robustness;
using Ascob.Tests.Server.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Server.Telemetry;

public sealed class OtlpExportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MetricsAndTraces_ArriveAtTheCollectorThatTheEnvironmentNames()
    {
        var received = new ConcurrentDictionary<string, ConcurrentQueue<string>>(StringComparer.Ordinal);
        await using var collector = await CollectorAsync(received);
        await using var server = await ApiServer.StartWithDummyAsync(
            "--OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.First(),
            "--OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf",
            "--OTEL_METRIC_EXPORT_INTERVAL", "200",
            "--OTEL_BSP_SCHEDULE_DELAY", "100");
        using var client = server.Client();
        Assert.Equal("SUCCEEDED", await client.EndAsync(await client.AcceptedAsync(new { submitter = "otlp", labels = Http.Dummy() })));

        await Http.UntilAsync(
            () => Task.FromResult(Holds(received, "/v1/metrics", "ascob_submit_duration") && Holds(received, "/v1/traces", "/api/runs")),
            TimeSpan.FromSeconds(30),
            () => Task.FromResult($"arrived: {string.Join(", ", received.Select(r => $"{r.Key} {r.Value.Count} times"))}"));

        // Without a name of the service nobody finds it among others.
        Assert.All(received, r => Assert.All(r.Value, body => Assert.Matches("service.name..\\W*ascob", body)));
    }

    private static bool Holds(ConcurrentDictionary<string, ConcurrentQueue<string>> received, string path, string text) =>
        received.TryGetValue(path, out var bodies) && bodies.Any(b => b.Contains(text, StringComparison.Ordinal));

    private static async Task<WebApplication> CollectorAsync(ConcurrentDictionary<string, ConcurrentQueue<string>> received)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            received.GetOrAdd(context.Request.Path.Value!, _ => []).Enqueue(Encoding.Latin1.GetString(body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
        });
        await collector.StartAsync(Cancel);
        return collector;
    }
}
