using System.Collections.Concurrent;
using System.Diagnostics;
using Ascob.Core.Backends;
using Ascob.Core.Output;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellThroughputTests(ITestOutputHelper output)
{
    [Fact]
    public async Task ManyRuns_OfTrue_PrintTheirRate()
    {
        await using var world = new ShellWorld();
        var runs = int.Parse(Environment.GetEnvironmentVariable("ASCOB_TEST_RUNS") ?? "300", System.Globalization.CultureInfo.InvariantCulture);
        var ended = new ConcurrentDictionary<string, TaskCompletionSource>();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ShellWorld.Token);
        await world.RunAsync("true");
        var listening = Task.Run(
            async () =>
            {
                await foreach (var marker in world.Adapter.ChangesAsync(over.Token))
                {
                    ended.GetOrAdd(marker, _ => new()).TrySetResult();
                }
            },
            over.Token);

        var watch = Stopwatch.StartNew();
        var good = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = ShellWorld.Token }, async (_, token) =>
        {
            var job = await world.StartAsync("true");
            await ended.GetOrAdd(job.Marker, _ => new()).Task.WaitAsync(TimeSpan.FromSeconds(30), token);
            var report = await world.StatusAsync(job);
            var chunk = await world.Adapter.ReadOutputAsync(ShellWorld.Ref(job), OutputChannel.Combined, 0, 4096, token);
            await world.Adapter.CleanUpAsync(ShellWorld.Ref(job), token);
            Interlocked.Add(ref good, report.State == BackendState.Succeeded && chunk.Complete ? 1 : 0);
        });
        var seconds = watch.Elapsed.TotalSeconds;
        var rss = File.ReadLines($"/proc/{world.Adapter.HostPid}/status").Where(l => l.StartsWith("VmRSS", StringComparison.Ordinal) || l.StartsWith("RssAnon", StringComparison.Ordinal));
        output.WriteLine($"{runs} runs, {runs / seconds:F0} runs/s; host {string.Join(", ", rss)}");
        await over.CancelAsync();
        output.WriteLine($"host CPU ticks (user, system): {string.Join(", ", File.ReadAllText($"/proc/{world.Adapter.HostPid}/stat").Split(' ')[13..15])}");
        output.WriteLine($"the runtime's own Process with redirected output, 4 at once: {await BaselineAsync(runs / 2):F0} runs/s");

        Assert.Equal(runs, good);
    }

    private static async Task<double> BaselineAsync(int runs)
    {
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, token) =>
        {
            using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "true"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            await process.StandardOutput.ReadToEndAsync(token);
            await process.StandardError.ReadToEndAsync(token);
            await process.WaitForExitAsync(token);
        });
        return runs / watch.Elapsed.TotalSeconds;
    }
}
