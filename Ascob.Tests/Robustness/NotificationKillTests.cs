using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Robustness;

/// <summary>A real server process, killed with what it has to tell still untold.</summary>
[Collection(RunsAlone.Name)]
public sealed class NotificationKillTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ServerKilledBetweenCommitAndDelivery_TheNextLifeDeliversInOrderWithTheSameIds()
    {
        await using var receiver = await TestReceiver.StartAsync();
        string[] settings = ["--Ascob:Notifications:AllowedInternal:0", "127.0.0.1", "--Ascob:Notifications:FirstRetry", "00:00:00.2", "--Ascob:PublicUrl", "http://ascob.example.org"];
        await using var first = await RunningServer.StartAsync(settings);
        using var client = first.Client();
        using var made = await client.PostAsJsonAsync("/api/notifications/subscriptions", new { name = "killed", kind = "webhook", url = receiver.Url }, Stop);
        Assert.True(made.IsSuccessStatusCode);

        // The receiver takes the request and never answers: the message is sent, and nobody knows.
        var killed = new TaskCompletionSource();
        receiver.Answer = (context, _) => killed.Task.WaitAsync(context.RequestAborted);
        var runs = new List<long>();
        for (var i = 0; i < 20; i++)
        {
            using var response = await client.PostAsJsonAsync(
                "/api/runs", new { jobSpec = new { labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "1" } } }, Stop);
            runs.Add((await response.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("runId").GetInt64());
        }

        foreach (var id in runs)
        {
            await client.GetStringAsync($"/api/runs/{id}?waitSeconds=30", Stop);
        }

        await receiver.UntilAsync(4);
        await first.KillAsync();
        var before = receiver.All;
        receiver.Answer = null;
        killed.SetResult();

        await using var next = await first.NextLifeAsync(settings);
        await receiver.UntilAsync(before.Count + 40);

        var after = receiver.All.Skip(before.Count).ToList();
        foreach (var id in runs)
        {
            Assert.Equal(["launched", "finished"], after.Where(r => r.Told.RunId == id).Select(r => r.Told.Event).Distinct());
        }

        // What was sent and not written down came again under its name.
        Assert.All(before, b => Assert.Contains(after, a => a.Id == b.Id && a.Body.AsSpan().SequenceEqual(b.Body)));
        Assert.Equal(40, after.Select(a => a.Id).Distinct().Count());
    }
}
