using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Api;

/// <summary>How often and when definitions are read: as seldom as will do, and never without being sure that it still holds.</summary>
public sealed class DefinitionReadingTests : IAsyncLifetime
{
    private ApiServer _server = null!;
    private HttpClient _root = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DefinitionStoreProbe Probe => (DefinitionStoreProbe)_server.Get<IDefinitionStore>();

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync(builder => DefinitionStoreProbe.Use(builder.Services), "--Ascob:Backends:dummyBackend:Type", "Dummy");
        _root = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task TheListOfAllSchedules_ReadsItsDefinitionsAtOnce_AndLeavesOutThoseOfOthers()
    {
        for (var i = 0; i < 10; i++)
        {
            await DefineAsync($"job{i}", i % 2 == 0 ? "ann" : "bob");
            using var added = await _root.PostAsJsonAsync($"/api/definitions/job{i}/schedules", new { schedule = new { cron = "0 3 * * *" } }, Cancel);
            Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        }

        using var suspended = await _root.PostAsync("/api/definitions/job2/suspend", null, Cancel);
        using var ann = await _server.ClientAsync([Permissions.DefinitionRead], ["ann"]);
        Probe.Calls.Clear();

        var list = await ann.GetFromJsonAsync<JsonElement>("/api/schedules", Cancel);

        Assert.Equal(
            [("job0", "active"), ("job2", "suspended"), ("job4", "active"), ("job6", "active"), ("job8", "active")],
            list.GetProperty("items").EnumerateArray().Select(s => (s.GetProperty("definition").GetString(), s.GetProperty("state").GetString())));
        Assert.False(Probe.Calls.ContainsKey(nameof(IDefinitionStore.FindAsync)), $"{Probe.Calls.GetValueOrDefault(nameof(IDefinitionStore.FindAsync))} definitions were read one by one.");
    }

    [Fact]
    public async Task ALaunch_GoesByThePolicyThatStandsWhenItIsStored()
    {
        await DefineAsync("job", "ann", runMs: 60_000);
        using var first = await _root.PostAsJsonAsync("/api/definitions/job/runs", new { }, Cancel);
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        var running = (await first.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        var launcher = _server.Get<DefinitionLauncher>();
        Probe.AfterNextFind = async (store, definition) => Assert.Equal(DefinitionSave.Stored, await store.SaveAsync(
            definition.Id,
            definition.Version,
            new DefinitionUpdate { Version = new NewVersion(definition.Content with { NextExecution = NextExecution.NotWhileWorking }, definition.ProtectedSecrets, definition.SavedAt, "token:other") },
            Cancel));

        var launched = await launcher.LaunchAsync(new LaunchRequest { Name = "job" }, new Caller("root", new HashSet<string>(Permissions.All), null, null), Cancel);

        Assert.True(launched.IsSuccess, launched.Error?.Message);
        Assert.True(launched.Value.Prevented);
        var run = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{launched.Value.RunId}", Cancel);
        Assert.Equal(2, run.GetProperty("definitionVersion").GetInt32());
        using var stop = await _root.DeleteAsync($"/api/runs/{running}?force=true", Cancel);
        await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{running}?waitSeconds=30", Cancel);
    }

    private async Task DefineAsync(string name, string submitter, int runMs = 10)
    {
        var labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = $"{runMs}" };
        using var made = await _root.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { submitter, labels } }, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
    }
}
