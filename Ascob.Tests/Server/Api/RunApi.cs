using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>The world of tests of the API over real HTTP: the whole server with its own database and the dummy backend.</summary>
public abstract class RunApi : IAsyncLifetime
{
    private protected ApiServer Server { get; private set; } = null!;

    protected HttpClient Root { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Server = await ApiServer.StartWithDummyAsync("--Ascob:Limits:MaxFileBytes", "1000");
        Root = Server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        Root.Dispose();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static Dictionary<string, string> Dummy() => new(StringComparer.Ordinal) { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "20" };

    protected static IEnumerable<long> Ids(JsonElement page) => page.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetInt64());

    protected static Task<JsonElement> JsonAsync(HttpResponseMessage response) => response.Content.ReadFromJsonAsync<JsonElement>(Cancel);

    protected static async Task<long> RunIdAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return (await JsonAsync(response)).GetProperty("runId").GetInt64();
    }

    protected async Task<HttpResponseMessage> SubmitAsync(object jobSpec, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(new { jobSpec }) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await Root.SendAsync(request, Cancel);
    }

    protected Task<JsonElement> EndOfAsync(long id) => Root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Cancel);

    protected async Task<JsonElement> UntilAsync(long id, Func<JsonElement, bool> condition)
    {
        while (true)
        {
            var run = await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Cancel);
            if (condition(run))
            {
                return run;
            }

            await Task.Delay(20, Cancel);
        }
    }

    protected async Task<int> CountAsync() =>
        (await Root.GetFromJsonAsync<JsonElement>("/api/runs?limit=500", Cancel)).GetProperty("items").GetArrayLength();
}
