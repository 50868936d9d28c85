using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ascob.Server.Configuration;
using Ascob.Tests.Docs;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;

namespace Ascob.Tests.Server.Cli;

/// <summary>What the demonstration image starts: the server in the environment Demo.</summary>
public sealed partial class PretendProductsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Serve_InDemo_HasPretendProductsThatRunTheReadmesJob()
    {
        await using var server = await RunningServer.StartInAsync(new Dictionary<string, string> { ["ASPNETCORE_ENVIRONMENT"] = "Demo" });
        using var client = server.Client();

        var backends = await client.GetFromJsonAsync<JsonElement>("/api/backends", Token);
        using var body = new StringContent(ReadmeJob().Match(Repository.Read("README.md")).Groups[1].Value, null, "application/json");
        using var accepted = await client.PostAsync("/api/runs", body, Token);
        var id = (await accepted.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
        await Http.UntilAsync(async () => await client.StatusAsync(id) is "SUCCEEDED" or "FAILED", TimeSpan.FromSeconds(60));
        var run = await client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token);
        var output = await client.GetStringAsync($"/api/runs/{id}/output.txt", Token);

        Assert.Subset(
            backends.GetProperty("items").EnumerateArray().Select(b => b.GetProperty("id").GetString()).ToHashSet(),
            new HashSet<string?> { "jenkins-demo", "rundeck-demo", "pagerduty-demo", "dummyBackend", "shell" });
        Assert.All(backends.GetProperty("items").EnumerateArray(), b => Assert.True(b.GetProperty("healthy").GetBoolean(), b.ToString()));
        Assert.Equal(("SUCCEEDED", "jenkins-demo"), (run.GetProperty("status").GetString(), run.GetProperty("backendId").GetString()));
        Assert.Contains("deploying version 1.2", output, StringComparison.Ordinal);
        Assert.Contains("A pretend Rundeck is the backend rundeck-demo; try the labels rundeck_project_name=ops, rundeck_job_name=clear caches", server.Log(), StringComparison.Ordinal);
    }

    // The image names Demo in one variable; who names Production in the one that has the last word must not get a demonstration.
    [Fact]
    public async Task Serve_WhenTheLastWordIsProduction_HasNoPretendProducts()
    {
        await using var server = await RunningServer.StartInAsync(new Dictionary<string, string> { ["ASPNETCORE_ENVIRONMENT"] = "Demo", ["DOTNET_ENVIRONMENT"] = "Production" });
        using var client = server.Client();

        var backends = await client.GetFromJsonAsync<JsonElement>("/api/backends", Token);

        Assert.Equal("dummyBackend", Assert.Single(backends.GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public void Setting_OutsideDemo_IsRefused()
    {
        var e = Assert.Throws<ConfigurationException>(() => Ascob.Server.AscobServer.Build(["--environment=Production", "--Ascob:Demo:PretendBackends=true"]));

        Assert.Equal("Ascob:Demo:PretendBackends is for the environment Demo only.", e.Message);
    }

    [GeneratedRegex(@"-d '(\{""jobSpec"".*shop/deploy.*\})' http://localhost:8081/api/runs")]
    private static partial Regex ReadmeJob();
}
