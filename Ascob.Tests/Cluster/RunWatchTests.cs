using System.Diagnostics;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ascob.Tests.Cluster;

public sealed class RunWatchTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_WithTenThousandWaiters_AsksOnceForAllOfThemAndWakesThoseWhoseRunChanged()
    {
        const int runs = 10_000;
        var database = await postgres.CreateDatabaseAsync();
        await using var store = await TestStore.OpenAsync("PostgreSql", database);
        await using var other = await TestStore.OpenAsync("PostgreSql", database);
        var stored = new Run[runs];
        await Parallel.ForEachAsync(Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = 200, CancellationToken = Token }, async (i, _) =>
        {
            var run = await SampleRuns.NewAsync(store.Runs);
            await store.Runs.AddAsync(run, Token);
            stored[i] = run.Run;
        });
        var signals = new RunSignals();
        var versions = store.Get<IRunVersions>();
        var watch = new RunWatch(versions, signals, new MonotonicClock(TimeProvider.System), NullLogger<RunWatch>.Instance);
        var waiters = stored.Select(run => (Run: run, Subscription: signals.Subscribe(run.Id))).ToList();
        var waits = waiters.ToDictionary(w => w.Run.Id, w => w.Subscription.WaitAsync(w.Run.Version, TimeSpan.FromMinutes(5), TimeProvider.System, Token));
        Assert.Equal(0, await watch.LookAsync(Token));

        var times = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await watch.LookAsync(Token);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        times.Sort();
        output.WriteLine($"one look for {runs} runs: median {times[10]:0.0} ms, longest {times[^1]:0.0} ms");
        var changed = stored.Where((_, i) => i % 100 == 0).ToList();
        foreach (var run in changed)
        {
            var change = RunLifecycle.Change(run, RunTrigger.Noted, TimeProvider.System.GetUtcNow(), "test", "another reason")!;
            Assert.Equal(ApplyOutcome.Applied, await other.Runs.TryApplyAsync(change, null, Token));
        }

        Assert.Equal(changed.Count, await watch.LookAsync(Token));
        Assert.Equal(0, await watch.LookAsync(Token));
        await Task.WhenAll(changed.Select(r => waits[r.Id])).WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal(changed.Count, waits.Values.Count(w => w.IsCompleted));
        waiters.ForEach(w => w.Subscription.Dispose());
        Assert.Empty(signals.Awaited());
    }
}
