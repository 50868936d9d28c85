using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Api;

/// <summary>The world of tests of notifications over real HTTP: the whole server, and a receiver on the loopback that it is allowed to call.</summary>
public abstract class NotificationApi : IAsyncLifetime
{
    private protected ApiServer Server { get; private set; } = null!;

    private protected TestReceiver Receiver { get; private set; } = null!;

    protected HttpClient Root { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected virtual IReadOnlyList<string> Settings => ["--Ascob:Notifications:AllowedInternal:0", "127.0.0.1"];

    public async ValueTask InitializeAsync()
    {
        Receiver = await TestReceiver.StartAsync();
        Server = await ApiServer.StartWithDummyAsync(
            [
                "--Ascob:Notifications:FirstRetry", "00:00:00.1", "--Ascob:Backends:dummyBackend:Poll:Initial", "00:00:00.1", "--Ascob:Backends:dummyBackend:Poll:Max", "00:00:00.2",
                .. Settings,
            ]);
        Root = Server.Client();
    }

    public virtual async ValueTask DisposeAsync()
    {
        Root.Dispose();
        await Server.DisposeAsync();
        await Receiver.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static Task<T?> ReadAsync<T>(HttpResponseMessage response) => response.Content.ReadFromJsonAsync<T>(AscobJson.Options, Cancel);

    protected async Task<SubscriptionInfo> SubscribeAsync(object request)
    {
        using var response = await Root.PostAsJsonAsync("/api/notifications/subscriptions", request, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return (await ReadAsync<SubscriptionInfo>(response))!;
    }

    protected async Task<Dictionary<string, string[]>> FaultsAsync(object request)
    {
        using var response = await Root.PostAsJsonAsync("/api/notifications/subscriptions", request, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        return problem.GetProperty("errors").Deserialize<Dictionary<string, string[]>>()!;
    }

    /// <summary>Submits a job to the dummy backend and waits for its end.</summary>
    protected async Task<long> RunAsync(bool fails = false, object? more = null, string submitter = "alice", bool wait = true)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = "20", ["env"] = "prod" };
        if (fails)
        {
            labels["dummy_result"] = "failure";
        }

        using var response = await Root.PostAsJsonAsync("/api/runs", new { jobSpec = new { description = "nightly <report>", submitter, labels, retry = more } }, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        if (wait)
        {
            Assert.Equal(fails ? "FAILED" : "SUCCEEDED", await EndAsync(id));
        }

        return id;
    }

    protected async Task<string> EndAsync(long id) =>
        (await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=30", Cancel)).GetProperty("status").GetString()!;

    protected async Task<DeliveryList> DeliveriesAsync(string query = "") =>
        (await Root.GetFromJsonAsync<DeliveryList>($"/api/notifications/deliveries{query}", AscobJson.Options, Cancel))!;

    protected async Task<IReadOnlyList<DeliveryInfo>> UntilAsync(string query, Func<IReadOnlyList<DeliveryInfo>, bool> fits)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var items = (await DeliveriesAsync(query)).Items;
            if (fits(items))
            {
                return items;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(60), string.Join('\n', items));
            await Task.Delay(50, Cancel);
        }
    }
}
