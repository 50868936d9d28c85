using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Robustness;

/// <summary>The few calls that the tests of this folder make again and again.</summary>
internal static class Http
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Dictionary<string, string> Dummy(params (string Key, string Value)[] labels)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal) { ["_execution_backend_id"] = "dummyBackend" };
        foreach (var (key, value) in labels)
        {
            all[key] = value;
        }

        return all;
    }

    /// <summary>Submits a job; the answer is the caller's to judge.</summary>
    public static async Task<HttpResponseMessage> SubmitAsync(this HttpClient client, object jobSpec, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(new { jobSpec }) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await client.SendAsync(request, Token);
    }

    /// <summary>Submits a job that must be accepted.</summary>
    public static async Task<long> AcceptedAsync(this HttpClient client, object jobSpec, string? key = null)
    {
        using var answer = await client.SubmitAsync(jobSpec, key);
        Assert.True(answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Token));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
    }

    public static Task<JsonElement> JsonAsync(this HttpClient client, string path) => client.GetFromJsonAsync<JsonElement>(path, Token);

    public static async Task<string> StatusAsync(this HttpClient client, long runId) =>
        (await client.JsonAsync($"/api/runs/{runId}")).GetProperty("status").GetString()!;

    /// <summary>Waits for the end of a run; answers its last status.</summary>
    public static async Task<string> EndAsync(this HttpClient client, long runId, TimeSpan? longest = null)
    {
        var run = await client.JsonAsync($"/api/runs/{runId}?waitSeconds={(int)(longest ?? TimeSpan.FromSeconds(60)).TotalSeconds}");
        return run.GetProperty("status").GetString()!;
    }

    /// <summary>Reads every page of a list of runs.</summary>
    public static async Task<List<JsonElement>> AllRunsAsync(this HttpClient client, string query)
    {
        var runs = new List<JsonElement>();
        string? cursor = null;
        do
        {
            var page = await client.JsonAsync($"/api/runs?limit=500&{query}{(cursor is null ? string.Empty : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            runs.AddRange(page.GetProperty("items").EnumerateArray());
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
        return runs;
    }

    public static async Task<List<JsonElement>> EventsAsync(this HttpClient client, long runId)
    {
        var answer = await client.JsonAsync($"/api/runs/{runId}/events");
        return [.. answer.GetProperty("items").EnumerateArray()];
    }

    /// <summary>Asks again and again until it is true.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan longest, Func<Task<string>>? otherwise = null)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > longest)
            {
                Assert.Fail(otherwise is null ? $"It did not come true within {longest}." : await otherwise());
            }

            await Task.Delay(20, Token);
        }
    }
}
