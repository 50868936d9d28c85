using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Server.Repository;
using Ascob.Tests.Backends.Shell;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>The world of tests of Overseer's API over real HTTP: a server with a shell backend and a real Git repository.</summary>
public abstract class OverseerApi : IAsyncLifetime
{
    private protected GitFolder Git { get; } = new();

    private protected ApiServer Server { get; set; } = null!;

    protected HttpClient Root { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Server = await StartAsync();
        Root = Server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        Root.Dispose();
        await Server.App.StopAsync(CancellationToken.None);

        // The files of commits are read-only, to whoever is not root.
        CheckoutWriter.TryDelete(Path.Combine(Server.DataDirectory, "repository"));
        await Server.DisposeAsync();
        Git.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Task<ApiServer> StartAsync(params string[] more) => ApiServer.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton(ShellWorld.Launcher);
            Configure(builder.Services);
        },
        [
            "--Ascob:Backends:shell:Type", "Shell",
            "--Ascob:Backends:shell:StopGrace", "00:00:01",
            "--Ascob:Backends:shell:HostIdleExit", "00:00:02",
            "--Ascob:Repository:Url", Git.Path,
            "--Ascob:Repository:PollInterval", "00:00:00",
            "--Ascob:Repository:WebhookSecret", "a-secret-of-the-tests",
            .. more,
        ]);

    /// <summary>Changes the parts of the server before they are put together.</summary>
    private protected virtual void Configure(IServiceCollection services)
    {
    }

    protected static Task<JsonElement> JsonAsync(HttpResponseMessage response) => response.Content.ReadFromJsonAsync<JsonElement>(Cancel);

    protected Task<JsonElement> GetAsync(string path) => Root.GetFromJsonAsync<JsonElement>(path, Cancel);

    /// <summary>Commits files and has the server apply them; answers what changed.</summary>
    private protected async Task<JsonElement> ApplyAsync(params (string Name, string? Text)[] files)
    {
        Git.Commit(files);
        return await RefreshAsync();
    }

    protected async Task<JsonElement> RefreshAsync()
    {
        var response = await Root.PostAsync("/api/repository/refresh", null, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return await JsonAsync(response);
    }

    /// <summary>Executes a job; answers the address of the execution.</summary>
    protected async Task<string> ExecuteAsync(string job, object? values = null)
    {
        var response = await Root.PostAsJsonAsync($"/jobs/{job}", values ?? new { }, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return response.Headers.Location!.OriginalString;
    }

    /// <summary>Waits until an execution has ended; answers it.</summary>
    protected async Task<JsonElement> EndAsync(string execution)
    {
        var runId = (await GetAsync(execution)).GetProperty("runId").GetInt64();
        await GetAsync($"/api/runs/{runId}?waitSeconds=60");
        return await GetAsync(execution);
    }

    /// <summary>Executes a job to its end; answers what it wrote to its standard output.</summary>
    protected async Task<string> OutputAsync(string job, object? values = null)
    {
        var execution = await ExecuteAsync(job, values);
        var end = await EndAsync(execution);
        var output = await Root.GetStringAsync(execution + "/stdout", Cancel);
        Assert.True(end.GetProperty("outcome").GetString() == "complete", $"{end} {output}");
        return output;
    }

    /// <summary>Waits until what a job writes to its standard output begins with a text.</summary>
    protected async Task<string> UntilWrittenAsync(string execution, string text)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var output = await Root.GetStringAsync(execution + "/stdout", Cancel);
            if (output.StartsWith(text, StringComparison.Ordinal))
            {
                return output;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"The job has not written '{text}': {output}");
            await Task.Delay(20, Cancel);
        }
    }

    protected async Task<JsonElement> EventAsync(string execution, string name, string? cause = null)
    {
        var response = await Root.PutAsJsonAsync(execution, new { @event = name, cause }, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return await JsonAsync(response);
    }

    protected static IEnumerable<string?> Names(JsonElement items, string member = "name") => items.EnumerateArray().Select(i => i.GetProperty(member).GetString());
}
