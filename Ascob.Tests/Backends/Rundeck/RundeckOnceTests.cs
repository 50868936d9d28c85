using System.Diagnostics;
using System.Globalization;
using Ascob.Backends.Rundeck;
using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Demo.Rundeck;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Backends.Rundeck;

/// <summary>Many submissions through the real engine and adapter, with every kind of harm on the way: each job starts exactly once, and each run comes to its end.</summary>
public sealed class RundeckOnceTests
{
    private const int Jobs = 100;
    private const int Seed = 20261124;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongTick = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Submissions => int.TryParse(Environment.GetEnvironmentVariable("ASCOB_ONCE_SUBMISSIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 300;

    [Fact]
    public async Task Guarantee08_Guarantee09_Submissions_WhenAnswersAreDroppedDelayedDoubledAndTruncated_EachStartsExactlyOnce()
    {
        var outcome = await RunAsync(Submissions, isNaive: false);

        Assert.DoesNotContain(outcome.Started, s => s.Value != 1);
        Assert.Equal(outcome.Submitted, outcome.Started.Count);
        Assert.Equal(outcome.Submitted, outcome.Statuses.GetValueOrDefault(RunStatus.Succeeded));
        Assert.True(outcome.Doubted > outcome.Submitted / 4, $"only {outcome.Doubted} of {outcome.Submitted} runs were ever in doubt: the faults did not bite");
    }

    // The same without looking for the marker: jobs start twice, so the test above can fail.
    [Fact]
    public async Task Submissions_WhenSentAgainWithoutALookUp_StartTwice()
    {
        var outcome = await RunAsync(60, isNaive: true);

        Assert.Contains(outcome.Started, s => s.Value > 1);
    }

    private static async Task<Outcome> RunAsync(int submissions, bool isNaive)
    {
        var late = new LateTime();
        var jobs = Enumerable.Range(0, Jobs).Select(n => new PretendRundeckJob($"job-{n}", "web", $"job {n}") { Takes = TimeSpan.FromSeconds(30) }).ToArray();
        await using var rundeck = new PretendRundeck(late, jobs);
        await rundeck.StartAsync(0, Token);
        await using var world = await TestWorld.StartAsync(configure: services => services.AddSingleton(p => Catalog(rundeck, isNaive, p)));
        late.Inner = world.Time;
        var plan = new RundeckFaultPlan(Seed, late);
        rundeck.Before = plan.HarmAsync;
        var begun = Stopwatch.GetTimestamp();

        var pending = new HashSet<long>();
        for (var n = 0; n < submissions; n++)
        {
            pending.Add((await world.SubmitAsync(Spec(n), untilSent: false)).Id);
        }

        var all = pending.ToList();
        await DriveAsync(world, plan, pending, begun);

        var statuses = new Dictionary<RunStatus, int>();
        var doubted = 0;
        foreach (var id in all)
        {
            var status = (await world.RunAsync(id)).Status;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            doubted += (await world.EventsAsync(id)).Any(e => e.To == RunStatus.InDoubt) ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{all.Count} submissions, {doubted} in doubt for a while, lost {all.Count - rundeck.Started.Count}, doubled {rundeck.Started.Values.Count(n => n > 1)}, "
            + $"ends {string.Join(", ", statuses.Select(s => $"{s.Key} {s.Value}"))}; {string.Join(", ", plan.Done.OrderBy(d => d.Key).Select(d => $"{d.Key} {d.Value}"))}; "
            + $"{rundeck.Requests} requests, {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s"));
        return new Outcome(all.Count, rundeck.Started.ToDictionary(), statuses, doubted);
    }

    private static async Task DriveAsync(TestWorld world, RundeckFaultPlan plan, HashSet<long> pending, long begun)
    {
        for (var ticks = 1; pending.Count > 0; ticks++)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < Longest, $"{pending.Count} runs have no end, such as {pending.First()}: {await TellAsync(world, pending.First())}");

            // While an order is on its way the clock runs slowly, so that a busy machine does not look like a slow Rundeck.
            var isCalm = plan.Orders == 0 && world.Get<Dispatcher>().InHand == 0;
            world.Time.Advance(isCalm ? LongTick : Tick);
            if (isCalm || ticks % 10 == 0)
            {
                await world.Get<Sweeper>().SweepAsync(Token);
                await world.Get<RunFollower>().FollowDueAsync(world.Entry, Token);
            }

            if (ticks % 50 == 0)
            {
                foreach (var id in pending.ToList())
                {
                    if ((await world.RunAsync(id)).Status.IsFinal())
                    {
                        pending.Remove(id);
                    }
                }
            }

            await Task.Delay(5, Token);
        }
    }

    private static async Task<string> TellAsync(TestWorld world, long id)
    {
        var run = await world.RunAsync(id);
        return $"{run.Status} {run.StatusReason}";
    }

    private static JobSpec Spec(int n) => JobSpec.Builder("ann")
        .WithLabel("_execution_backend_id", RundeckWorld.BackendId)
        .WithLabel("rundeck_job_id", $"job-{n % Jobs}")
        .WithParameter("n", n.ToString(CultureInfo.InvariantCulture))
        .Build();

    // The engine's clock is the test's; the short pauses between repeated reads are real, only shorter.
    private static BackendCatalog Catalog(PretendRundeck rundeck, bool isNaive, IServiceProvider services)
    {
        var options = new BackendOptions
        {
            Type = "Rundeck",
            Poll = new PollOptions { BatchSize = 1000 },
            Resilience = new BackendResilienceOptions { MaxConcurrentCalls = 64, FailuresBeforeBreak = 1000 },
        };
        var settings = new Dictionary<string, string> { ["Url"] = rundeck.Url.AbsoluteUri, ["AuthToken"] = rundeck.AuthToken };
        var type = new RundeckBackendType();
        var adapter = type.Create(new BackendContext(RundeckWorld.BackendId, options, settings.GetValueOrDefault, "/nowhere", new ServiceCollection().AddSingleton<TimeProvider>(new ShortPauses()).BuildServiceProvider()));
        return new BackendCatalog([new BackendEntry(RundeckWorld.BackendId, type, options, isNaive ? new NaiveAdapter(adapter) : adapter, new BackendCondition(options.Resilience, services.GetRequiredService<TimeProvider>()))]);
    }

    private sealed record Outcome(int Submitted, IReadOnlyDictionary<string, int> Started, IReadOnlyDictionary<RunStatus, int> Statuses, int Doubted);

    /// <summary>Believes at once that a submission without an answer has started nothing.</summary>
    private sealed class NaiveAdapter(IBackendAdapter inner) : IBackendAdapter, ISupportFind, ISupportStatus
    {
        public string BackendId => inner.BackendId;

        public bool ResendIsSafe => false;

        public IReadOnlyList<FieldError> Validate(JobSpec spec) => inner.Validate(spec);

        public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => inner.SubmitAsync(job, cancellationToken);

        public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => inner.CheckHealthAsync(cancellationToken);

        public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(new FindOutcome(FindOutcomeKind.NotFound) { Certain = true });

        public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) =>
            ((ISupportStatus)inner).GetStatusesAsync(runs, cancellationToken);
    }

    private sealed class ShortPauses : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 10 : dueTime, period);
    }

    /// <summary>The clock of the world, which is made after the server that needs it.</summary>
    private sealed class LateTime : TimeProvider
    {
        public TimeProvider Inner { get; set; } = System;

        public override long TimestampFrequency => Inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => Inner.GetUtcNow();

        public override long GetTimestamp() => Inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Inner.CreateTimer(callback, state, dueTime, period);
    }
}
