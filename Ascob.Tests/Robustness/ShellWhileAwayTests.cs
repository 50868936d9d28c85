using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Robustness;

/// <summary>What shell jobs do while the server is away is told exactly when it is back.</summary>
public sealed class ShellWhileAwayTests
{
    private static readonly string[] Shell = ["--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:StopGrace", "00:00:01"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EndTime_OfAJobThatEndedWhileTheServerWasAway_IsThatOfTheJob()
    {
        await using var first = await RunningServer.StartAsync(Shell);
        var ledger = Path.Combine(first.Directory, "ledger");
        var go = Path.Combine(first.Directory, "go");
        long id;
        using (var client = first.Client())
        {
            id = await SubmitAsync(client, $"while [ -d {first.Directory} ] && [ ! -e {go} ]; do sleep 0.02; done; date +%s%3N > {ledger}.new; mv {ledger}.new {ledger}; exit 3");
            await UntilAsync(client, id, run => run.GetProperty("status").GetString() == "RUNNING");
        }

        await first.KillAsync();
        await File.WriteAllTextAsync(go, string.Empty, Token);
        await UntilAsync(() => File.Exists(ledger));
        await using var second = await first.NextLifeAsync(Shell);
        using var next = second.Client();
        var run = await UntilAsync(next, id, IsFinal);

        var ended = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(await File.ReadAllTextAsync(ledger, Token), CultureInfo.InvariantCulture));
        var events = await next.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/events", Token);
        Assert.Equal(("FAILED", "exit code 3"), (run.GetProperty("status").GetString(), run.GetProperty("statusReason").GetString()));
        Assert.InRange((run.GetProperty("endTime").GetDateTimeOffset() - ended).TotalSeconds, -0.1, 0.35);
        Assert.True(events.ToString().Contains("exit code 3", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("while :; do sleep 0.05; done")]
    [InlineData("trap '' TERM; while :; do sleep 0.05; done")]
    [InlineData("trap 'exit 0' TERM; while :; do sleep 0.05; done")]
    public async Task Timeout_WhileTheServerIsAway_StopsTheJobInTime(string command)
    {
        await using var first = await RunningServer.StartAsync(Shell);
        long id;
        using (var client = first.Client())
        {
            id = await SubmitAsync(client, $"echo $$ > {first.Directory}/pid; {command}", timeoutSeconds: 2);
            await UntilAsync(client, id, run => run.GetProperty("status").GetString() == "RUNNING" && File.Exists(first.Directory + "/pid"));
        }

        await first.KillAsync();
        var pid = (await File.ReadAllTextAsync(first.Directory + "/pid", Token)).Trim();
        await UntilAsync(() => !Directory.Exists($"/proc/{pid}"));
        await using var second = await first.NextLifeAsync(Shell);
        using var next = second.Client();
        var run = await UntilAsync(next, id, IsFinal);

        Assert.Equal(("FAILED", "stopped after its time of 2 s was over"), (run.GetProperty("status").GetString(), run.GetProperty("statusReason").GetString()));

        // From the job's first word: the very first start waits for the shell host.
        var took = run.GetProperty("endTime").GetDateTimeOffset().UtcDateTime - File.GetLastWriteTimeUtc(first.Directory + "/pid");
        Assert.InRange(took.TotalSeconds, 1.9, 4);
    }

    [Fact]
    public async Task Timeout_WhileTheServerIsAway_CountsForTheRetry()
    {
        await using var first = await RunningServer.StartAsync(Shell);
        var starts = Path.Combine(first.Directory, "starts");
        long id;
        using (var client = first.Client())
        {
            id = await SubmitAsync(client, $"echo $$ >> {starts}; [ $(wc -l < {starts}) -gt 1 ] || sleep 300", timeoutSeconds: 1, new { maxAttempts = 2, delaySeconds = 0, on = new[] { "timeout" } });
            await UntilAsync(() => File.Exists(starts));
        }

        await first.KillAsync();
        var pid = (await File.ReadAllTextAsync(starts, Token)).Trim();
        await UntilAsync(() => !Directory.Exists($"/proc/{pid}"));
        await using var second = await first.NextLifeAsync(Shell);
        using var next = second.Client();
        var run = await UntilAsync(next, id, IsFinal);

        Assert.Equal(("SUCCEEDED", 2), (run.GetProperty("status").GetString(), run.GetProperty("attempt").GetInt32()));
    }

    private static bool IsFinal(JsonElement run) => run.GetProperty("status").GetString() is "SUCCEEDED" or "FAILED" or "ABORTED";

    private static async Task<long> SubmitAsync(HttpClient client, string command, int? timeoutSeconds = null, object? retry = null)
    {
        var spec = new { submitter = "ada", description = "away", labels = new { shell_command = command, _execution_backend_id = "shell" }, timeoutSeconds, retry };
        var answer = await client.PostAsJsonAsync("/api/runs", new { jobSpec = spec }, Token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
    }

    private static async Task<JsonElement> UntilAsync(HttpClient client, long id, Func<JsonElement, bool> condition)
    {
        JsonElement run = default;
        await UntilAsync(async () => condition(run = await client.GetFromJsonAsync<JsonElement>($"/api/runs/{id}", Token)));
        return run;
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(40));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
