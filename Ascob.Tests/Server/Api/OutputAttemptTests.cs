using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Monitoring;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Tests.Backends.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api;

/// <summary>The output of earlier attempts stays readable.</summary>
public sealed class OutputAttemptTests : IAsyncLifetime
{
    private ApiServer _server = null!;
    private HttpClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync(
            builder => builder.Services.AddSingleton(ShellWorld.Launcher),
            "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00");
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Output_OfEarlierAttempts_IsKeptForEachStream()
    {
        var id = await RunThreeAttemptsAsync();

        Assert.Equal("out 3\n", await _client.GetStringAsync($"/api/runs/{id}/output/stdout.txt", Token));
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Equal($"out {attempt}\n", await _client.GetStringAsync($"/api/runs/{id}/output/stdout.txt?attempt={attempt}", Token));
            Assert.Equal($"err {attempt}\n", await _client.GetStringAsync($"/api/runs/{id}/output/stderr.txt?attempt={attempt}", Token));
            Assert.Contains($"out {attempt}\n", await _client.GetStringAsync($"/api/runs/{id}/output.txt?attempt={attempt}", Token), StringComparison.Ordinal);
        }

        Assert.Equal("1\n", await _client.GetStringAsync($"/api/runs/{id}/output/stdout.txt?attempt=1&offset=4", Token));
        Assert.Equal("out 2\n", await _client.GetStringAsync($"/api/runs/{id}/output/stdout.txt?attempt=2&follow=true", Token));
    }

    [Theory]
    [InlineData("4", HttpStatusCode.NotFound)]
    [InlineData("2147483647", HttpStatusCode.NotFound)]
    [InlineData("0", HttpStatusCode.BadRequest)]
    [InlineData("-1", HttpStatusCode.BadRequest)]
    [InlineData("x", HttpStatusCode.BadRequest)]
    [InlineData("99999999999", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    public async Task Attempt_WhenThereIsNoneOfThatNumber_IsRefused(string attempt, HttpStatusCode expected)
    {
        var id = await RunThreeAttemptsAsync();

        foreach (var path in (string[])["output.txt", "output/stdout.txt", "output/stderr.txt"])
        {
            using var answer = await _client.GetAsync($"/api/runs/{id}/{path}?attempt={attempt}", Token);
            Assert.Equal(expected, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
    }

    [Fact]
    public async Task Output_OfAnEarlierAttempt_CanBeReadWhileTheNextOneRuns()
    {
        var go = Path.Combine(_server.DataDirectory, "go");
        var id = await SubmitAsync($"echo one; exit 1", 2, $"echo two; while [ -d {_server.DataDirectory} ] && [ ! -e {go} ]; do sleep 0.02; done");
        await UntilAsync(id, run => run.GetProperty("attempt").GetInt32() == 2 && run.GetProperty("status").GetString() == "RUNNING");

        Assert.Equal("one\n", await _client.GetStringAsync($"/api/runs/{id}/output.txt?attempt=1", Token));
        await File.WriteAllTextAsync(go, string.Empty, Token);
        await UntilAsync(id, IsFinal);
        Assert.Equal("two\n", await _client.GetStringAsync($"/api/runs/{id}/output.txt", Token));
    }

    [Theory]
    [InlineData("", "one\nmore\ntwo\n")]
    [InlineData("&attempt=1", "one\nmore\n")]
    public async Task Follow_WhenTheNextAttemptBegins_ReadsTheOldOneToItsEndFirst(string named, string expected)
    {
        var (fail, end) = (Path.Combine(_server.DataDirectory, "fail"), Path.Combine(_server.DataDirectory, "end"));
        var id = await SubmitAsync(
            $"echo one; while [ -d {_server.DataDirectory} ] && [ ! -e {fail} ]; do sleep 0.02; done; echo more; exit 1", 2, $"echo two; while [ -d {_server.DataDirectory} ] && [ ! -e {end} ]; do sleep 0.02; done");
        await UntilAsync(id, run => run.GetProperty("status").GetString() == "RUNNING");
        using var answer = await _client.GetAsync($"/api/runs/{id}/output.txt?follow=true{named}", HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        var first = await reader.ReadLineAsync(Token);

        await File.WriteAllTextAsync(fail, string.Empty, Token);
        await UntilAsync(id, run => run.GetProperty("attempt").GetInt32() == 2 && run.GetProperty("status").GetString() == "RUNNING");
        await File.WriteAllTextAsync(end, string.Empty, Token);

        Assert.Equal(expected, $"{first}\n{await reader.ReadToEndAsync(Token)}");
    }

    [Fact]
    public async Task FinishedRun_LeavesNothingOfAnyAttemptAtTheBackendAndDeletionLeavesNoDocument()
    {
        var id = await RunThreeAttemptsAsync();
        var runs = Path.Combine(_server.DataDirectory, "shell", "shell", "runs");
        await ShellWorld.UntilAsync(() => Task.FromResult(Directory.GetFileSystemEntries(runs).Length == 0), () => string.Join(", ", Directory.GetFileSystemEntries(runs)));

        await _server.Get<IOutputStore>().DeleteAsync(id, Token);

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_server.DataDirectory, "output"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Leftovers_OfEndedAndUnknownRuns_AreDroppedAndThoseOfActiveOnesKept()
    {
        var end = Path.Combine(_server.DataDirectory, "end");
        var running = await SubmitAsync($"while [ -d {_server.DataDirectory} ] && [ ! -e {end} ]; do sleep 0.02; done", 1);
        await UntilAsync(running, run => run.GetProperty("status").GetString() == "RUNNING");
        var ended = await SubmitAsync("echo done", 1);
        await UntilAsync(ended, IsFinal);
        var kept = await DirectoryOfAsync(running);
        var left = await DirectoryOfAsync(ended);
        await ShellWorld.UntilAsync(() => Task.FromResult(!Directory.Exists(left)));
        var (unknown, young) = (Path.Combine(Path.GetDirectoryName(kept)!, "ascob-unknown"), Path.Combine(Path.GetDirectoryName(kept)!, "ascob-young"));
        foreach (var made in (string[])[left, unknown, young])
        {
            Directory.CreateDirectory(Path.Combine(made, "work"));
        }

        foreach (var old in (string[])[left, unknown, kept])
        {
            Directory.SetLastWriteTimeUtc(old, Directory.GetLastWriteTimeUtc(old).AddDays(-1));
        }

        Assert.Equal(2, await _server.Get<BackendLeftovers>().CleanAsync(Token));

        Assert.Equal(new[] { kept, young }.Order(), Directory.GetDirectories(Path.GetDirectoryName(kept)!).Order());
        await File.WriteAllTextAsync(end, string.Empty, Token);
        await UntilAsync(running, IsFinal);
    }

    private async Task<string> DirectoryOfAsync(long id) =>
        Path.Combine(_server.DataDirectory, "shell", "shell", "runs", (await _server.Get<IRunStore>().FindAsync(id, Token))!.Marker);

    private static bool IsFinal(JsonElement run) => run.GetProperty("status").GetString() is "SUCCEEDED" or "FAILED" or "ABORTED";

    private async Task<long> RunThreeAttemptsAsync()
    {
        var id = await SubmitAsync("echo out 1; echo err 1 >&2; exit 1", 3, "echo out 2; echo err 2 >&2; exit 1", "echo out 3; echo err 3 >&2");
        await UntilAsync(id, IsFinal);
        return id;
    }

    // Each attempt does what stands in its place; they count themselves in a file.
    private async Task<long> SubmitAsync(string first, int attempts, params string[] others)
    {
        var count = Path.Combine(_server.DataDirectory, Path.GetRandomFileName());
        var cases = string.Concat(others.Prepend(first).Select((command, i) => $"{i + 1}) {command};; "));
        var spec = new
        {
            submitter = "ada",
            labels = new { shell_command = $"echo >> {count}; case $(wc -l < {count} | tr -d ' ') in {cases} esac" },
            retry = new { maxAttempts = attempts, delaySeconds = 0 },
        };
        var answer = await _client.PostAsJsonAsync("/api/runs", new { jobSpec = spec }, Token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
    }

    private Task UntilAsync(long id, Func<JsonElement, bool> condition) => ShellWorld.UntilAsync(
        async () => condition(await _client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token)));
}
