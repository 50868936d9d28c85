using System.Net;
using System.Text.Json;
using Ascob.Core.Runs;
using Ascob.Server.Telemetry;
using Ascob.Tests.Robustness;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Telemetry;

/// <summary>What a server that is being left does with those who wait at it, and with everybody else.</summary>
public sealed class ServerDrainTests : IAsyncLifetime
{
    private ApiServer _server = null!;
    private HttpClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ServerDrain Drain => _server.Get<ServerDrain>();

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartWithDummyAsync();
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Begin_ReadySaysNoAndEverythingElseIsServedOnConnectionsThatAreClosed()
    {
        Drain.Begin();

        using var ready = await _client.GetAsync("/healthz/ready", Token);
        using var live = await _client.GetAsync("/healthz/live", Token);
        using var submitted = await _client.SubmitAsync(new { submitter = "ann", labels = Http.Dummy() });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.Created, submitted.StatusCode);
        Assert.True(submitted.Headers.ConnectionClose);
    }

    [Fact]
    public async Task Begin_WaitsAreAnsweredEarly_ThoseUnderWayAndThoseThatComeNow()
    {
        var id = await HangingAsync("quiet");
        var waiting = _client.JsonAsync($"/api/runs/{id}?waitSeconds=60");
        await AwaitedAsync(id);

        Drain.Begin();

        Assert.Equal("RUNNING", (await waiting.WaitAsync(TimeSpan.FromSeconds(5), Token)).GetProperty("status").GetString());
        Assert.Equal("RUNNING", (await _client.JsonAsync($"/api/runs/{id}?waitSeconds=60").WaitAsync(TimeSpan.FromSeconds(5), Token)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Begin_StreamsOfEventsAndOutputEndWhole()
    {
        var id = await HangingAsync("so far");
        using var events = await StreamAsync($"/api/runs/{id}/events", "text/event-stream");
        using var output = await StreamAsync($"/api/runs/{id}/output.txt?follow=true", "text/plain");
        var toldEvents = events.Content.ReadAsStringAsync(Token);
        var toldOutput = output.Content.ReadAsStringAsync(Token);
        await AwaitedAsync(id);

        Drain.Begin();

        // A stream that breaks off would throw here.
        var told = (await toldEvents.WaitAsync(TimeSpan.FromSeconds(5), Token)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(told.Where(e => !e.StartsWith(':')), e => JsonDocument.Parse(e[(e.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).Dispose());
        Assert.Contains(told, e => e.Contains("\"to\":\"RUNNING\"", StringComparison.Ordinal));
        Assert.Equal("so far", (await toldOutput.WaitAsync(TimeSpan.FromSeconds(5), Token)).TrimEnd());
    }

    [Fact]
    public async Task End_ByAnOperator_TakesItBack()
    {
        Drain.Begin();
        Drain.Begin();

        Drain.End();

        using var ready = await _client.GetAsync("/healthz/ready", Token);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.False(Drain.Begun.IsCancellationRequested);
    }

    [Fact]
    public async Task End_WhenTheServerStops_ChangesNothing()
    {
        var drain = Drain;
        await _server.App.StopAsync(Token);

        drain.End();

        Assert.True(drain.IsDraining);
    }

    private async Task<long> HangingAsync(string output)
    {
        var id = await _client.AcceptedAsync(new { submitter = "ann", labels = Http.Dummy(("dummy_result", "hang"), ("dummy_output", output)) });
        await Http.UntilAsync(async () => await _client.StatusAsync(id) == "RUNNING", TimeSpan.FromSeconds(20));
        return id;
    }

    private Task AwaitedAsync(long id) => Http.UntilAsync(
        () => Task.FromResult(_server.Get<RunSignals>().Awaited().Any(a => a.Key == id)), TimeSpan.FromSeconds(5));

    private async Task<HttpResponseMessage> StreamAsync(string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }
}
