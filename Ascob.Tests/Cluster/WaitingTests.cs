using System.Diagnostics;
using System.Text;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Cluster;

/// <summary>Who waits at one server hears of what another did.</summary>
public sealed class WaitingTests(PostgresFixture postgres, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Rounds = 30;

    private string _database = null!;
    private ApiServer _one = null!;
    private ApiServer _two = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _one = await Members.StartAsync(_database, "one");
        _two = await Members.StartAsync(_database, "two");
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    [Fact]
    public async Task Wait_WhenAnotherServerEndsTheRun_AnswersWithinAQuarterOfASecond()
    {
        using var first = _one.Client();
        using var second = _two.Client();
        var waits = new List<double>();
        for (var i = 0; i < Rounds; i++)
        {
            var id = await HeldAsync(first);
            var here = EndedAsync(first, id);
            var there = EndedAsync(second, id);
            await HeardAsync(_two, id);
            await AbortAsync(first, id);
            waits.Add(Stopwatch.GetElapsedTime(await here, await there).TotalMilliseconds);
        }

        Check(waits);
    }

    [Fact]
    public async Task Events_WhenAnotherServerWritesThem_AreStreamedWithinAQuarterOfASecond()
    {
        using var first = _one.Client();
        using var second = _two.Client();
        var waits = new List<double>();
        for (var i = 0; i < Rounds; i++)
        {
            var id = await HeldAsync(first);
            var here = StreamedAsync(first, id, "ABORTED");
            var there = StreamedAsync(second, id, "ABORTED");
            await HeardAsync(_two, id);
            await AbortAsync(first, id);
            waits.Add(Stopwatch.GetElapsedTime(await here, await there).TotalMilliseconds);
        }

        Check(waits);
    }

    [Fact]
    public async Task Output_WhenAnotherServerEndsTheRun_IsFollowedToItsEnd()
    {
        using var first = _one.Client();
        using var second = _two.Client();
        var id = await first.AcceptedAsync(new { submitter = "ann", labels = Http.Dummy(("dummy_result", "hang"), ("dummy_output", "so far")) });
        var followed = second.GetStringAsync($"/api/runs/{id}/output.txt?follow=true", Token);
        await Http.UntilAsync(async () => await second.StatusAsync(id) == "RUNNING", TimeSpan.FromSeconds(20));

        await AbortAsync(first, id);

        Assert.Equal("so far", (await followed.WaitAsync(TimeSpan.FromSeconds(10), Token)).TrimEnd());
    }

    private void Check(List<double> waits)
    {
        waits.Sort();
        output.WriteLine($"another server's change was heard later than one's own by: median {waits[waits.Count / 2]:0} ms, p90 {waits[waits.Count * 9 / 10]:0} ms, longest {waits[^1]:0} ms");
        Assert.InRange(waits[waits.Count / 2], -50, 250);
        Assert.InRange(waits[waits.Count * 9 / 10], -50, 600);
    }

    private static Task<long> HeldAsync(HttpClient client) =>
        client.AcceptedAsync(new { submitter = "ann", labels = Http.Dummy(), manualStart = true });

    // The watch compares versions, so that a request must have read the run before it counts.
    private static Task HeardAsync(ApiServer server, long id) => Http.UntilAsync(
        () => Task.FromResult(server.Get<RunSignals>().Awaited().Any(a => a.Key == id)), TimeSpan.FromSeconds(5));

    private static async Task AbortAsync(HttpClient client, long id)
    {
        using var answer = await client.DeleteAsync($"/api/runs/{id}", Token);
        Assert.True(answer.IsSuccessStatusCode, answer.StatusCode.ToString());
    }

    private static async Task<long> EndedAsync(HttpClient client, long id)
    {
        Assert.Equal("ABORTED", await client.EndAsync(id));
        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> StreamedAsync(HttpClient client, long id, string until)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Token), Encoding.UTF8);
        while (await reader.ReadLineAsync(Token) is { } line)
        {
            if (line.Contains($"\"to\":\"{until}\"", StringComparison.Ordinal))
            {
                return Stopwatch.GetTimestamp();
            }
        }

        throw new EndOfStreamException("The stream ended before the event.");
    }
}
