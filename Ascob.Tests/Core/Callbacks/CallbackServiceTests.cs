using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Callbacks;

public sealed class CallbackServiceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee16_WhenAReportIsRepeated_ThereIsOneEvent()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync();
        var report = Report(message: "half way", progress: 50, id: "r-1");

        for (var i = 0; i < 100; i++)
        {
            Assert.True((await AcceptAsync(world, run, report)).IsSuccess);
        }

        Assert.Single(await world.EventsAsync(run.Id), e => e.Reason == "half way");
    }

    [Fact]
    public async Task Guarantee16_WhenAReportComesManyTimesAtOnce_ThereIsOneEventAndOnePieceOfOutput()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync();
        var report = Report(message: "half way", progress: 50, id: "r-1") with { Output = "half\n" };

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => AcceptAsync(world, run, report), Token)));

        Assert.Single(await world.EventsAsync(run.Id), e => e.Reason == "half way");
        var written = await world.Get<Ascob.Core.Output.IReportedOutput>().ReadAsync(run.Id, 1, 0, 1000, Token);
        Assert.Equal("half\n", System.Text.Encoding.UTF8.GetString(written.Data.Span));
    }

    [Fact]
    public async Task Guarantee16_WhenTwoServersGetOneReportAtOnce_ThereIsOneEvent()
    {
        await using var one = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        await using var two = await TestWorld.StartAsync(one, o => o.TrustCallbacks = true, serverName: "two");
        for (var round = 0; round < 20; round++)
        {
            var run = await one.SubmitAsync();
            var report = Report(message: "half way", progress: 50, id: "r-1");

            await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => AcceptAsync(i % 2 == 0 ? one : two, run, report), Token)));

            Assert.Single(await one.EventsAsync(run.Id), e => e.Reason == "half way");
        }
    }

    [Fact]
    public async Task Guarantee17_InWhateverOrderReportsCome_TheRunEndsTheSame()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        CallbackReport[] reports =
        [
            Report(RunStatus.Running, id: "1", seq: 1),
            Report(progress: 30, id: "2", seq: 2),
            Report(progress: 60, message: "more", id: "3", seq: 3),
            Report(RunStatus.Running, progress: 90, id: "4", seq: 4),
            Report(RunStatus.Succeeded, id: "5", seq: 5),
        ];

        foreach (var order in Permutations([0, 1, 2, 3, 4]))
        {
            var run = await world.SubmitAsync();
            foreach (var index in order)
            {
                Assert.True((await AcceptAsync(world, run, reports[index])).IsSuccess);
            }

            Assert.Equal(RunStatus.Succeeded, (await world.RunAsync(run.Id)).Status);
            Assert.Single(await world.EventsAsync(run.Id), e => e.To.IsFinal());
        }
    }

    [Fact]
    public async Task DefectD7_WhenAReportGoesBackwards_ItIsAConflictAndNothingIsSentAgain()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync();
        await AcceptAsync(world, run, Report(RunStatus.Running));

        Assert.Equal("callback.status_illegal", (await AcceptAsync(world, run, Report(RunStatus.Defined))).Error!.Code);
        Assert.Equal("callback.backwards", (await AcceptAsync(world, run, Report(RunStatus.Submitted))).Error!.Code);
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Single(world.Backend.Arrived);
    }

    [Fact]
    public async Task DefectD9_WhenAReportEndsTheRun_LocksAreReleasedAndTheEndIsStamped()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync(TestWorld.Job().WithLock("db").Build());

        await AcceptAsync(world, run, Report(RunStatus.Failed, message: "disk full"));

        var failed = await world.RunAsync(run.Id);
        Assert.Equal((RunStatus.Failed, "disk full"), (failed.Status, failed.StatusReason));
        Assert.NotNull(failed.EndedAt);
        Assert.Empty(await world.Locks.ListAsync(Token));
    }

    [Fact]
    public async Task Guarantee18_Hint_WhenTheRunCanBePolled_TheBackendsWordCountsNotTheReports()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();

        await AcceptAsync(world, run, Report(RunStatus.Succeeded));
        await TestWorld.UntilAsync(() => world.Backend.StatusQuestions > 0);
        await world.UntilAsync(run.Id, RunStatus.Running);

        Assert.DoesNotContain(await world.EventsAsync(run.Id), e => e.To.IsFinal());
    }

    [Fact]
    public async Task Forged_WhenTheSecretIsWrongOrAnothers_NothingIsFoundAndNothingChanges()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync();
        var other = await world.SubmitAsync();
        var id = world.Get<CallbackIds>().For(other.Id, other.MarkerId);
        var stolen = $"{run.Id}-{id[(id.IndexOf('-', StringComparison.Ordinal) + 1)..]}";

        foreach (var forged in new[] { stolen, $"{run.Id}-", $"{run.Id}", "x", string.Empty, $"{run.Id}-AAAA", "99999999999999999999-A" })
        {
            var answer = await world.Get<CallbackService>().AcceptAsync(forged, Report(RunStatus.Succeeded), CallbackProof.None, Token);
            Assert.Equal("callback.unknown", answer.Error!.Code);
        }

        Assert.Equal(run.Version, (await world.RunAsync(run.Id)).Version);
    }

    [Fact]
    public async Task Guarantee18_TenThousandForgedReports_ChangeNothing()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var runs = new List<Run>();
        for (var i = 0; i < 10; i++)
        {
            runs.Add(await world.SubmitAsync());
        }

        var random = new Random(18);
        var callbacks = world.Get<CallbackService>();
        for (var i = 0; i < 10_000; i++)
        {
            var run = runs[i % runs.Count];
            var good = world.Get<CallbackIds>().For(run.Id, run.MarkerId).ToCharArray();
            var at = random.Next(good.Length - 1) + 1;
            good[at] = good[at] == 'A' ? 'B' : 'A';
            Assert.Equal("callback.unknown", (await callbacks.AcceptAsync(new string(good), Report(RunStatus.Failed), CallbackProof.None, Token)).Error!.Code);
        }

        foreach (var run in runs)
        {
            Assert.Equal(run.Version, (await world.RunAsync(run.Id)).Version);
        }
    }

    [Fact]
    public async Task Claim_TheFirstExecutionGetsTheRun_AgainWhenItAsksAgainAndNoOtherDoes()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        var id = world.Get<CallbackIds>().For(run.Id, run.MarkerId);
        var callbacks = world.Get<CallbackService>();

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => callbacks.ClaimAsync(id, $"execution-{i}", CallbackProof.None, Token))));

        var winner = Assert.Single(Enumerable.Range(0, 10), i => answers[i].IsSuccess);
        Assert.True((await callbacks.ClaimAsync(id, $"execution-{winner}", CallbackProof.None, Token)).IsSuccess);
    }

    [Fact]
    public async Task Claim_StandsInTheTimeline_AndLeavesTheReasonOfTheStatusAsItWas()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync();
        await AcceptAsync(world, run, Report(RunStatus.Running, message: "copying tables"));

        Assert.True((await world.Get<CallbackService>().ClaimAsync(world.Get<CallbackIds>().For(run.Id, run.MarkerId), "execution-1", CallbackProof.None, Token)).IsSuccess);

        Assert.Equal("copying tables", (await world.RunAsync(run.Id)).StatusReason);
        Assert.Single(await world.EventsAsync(run.Id), e => e.Reason == "claimed by execution execution-1");
    }

    [Fact]
    public async Task Keys_WhenTheBackendHasGivenThem_AreNotReplacedByAReport()
    {
        await using var world = await TestWorld.StartAsync();
        var run = await world.SubmitAsync();
        var id = world.Get<CallbackIds>().For(run.Id, run.MarkerId);
        var report = Report() with { IdentificationKeys = new Dictionary<string, string> { ["marker"] = "ascob-another", ["build"] = "7" } };

        Assert.True((await world.Get<CallbackService>().AcceptAsync(id, report, CallbackProof.None, Token)).IsSuccess);

        var keys = (await world.RunAsync(run.Id)).BackendKeys!;
        Assert.Equal((run.Marker, "7"), (keys["marker"], keys["build"]));
    }

    [Fact]
    public async Task Refused_WhenTheStatusIsIllegal_NothingOfTheReportIsTaken()
    {
        await using var world = await TestWorld.StartAsync(backend: o => o.TrustCallbacks = true);
        var run = await world.SubmitAsync();

        Assert.False((await AcceptAsync(world, run, Report(RunStatus.Defined, message: "sneaky", progress: 77))).IsSuccess);

        Assert.Equal((run.Version, null), ((await world.RunAsync(run.Id)).Version, (await world.RunAsync(run.Id)).Progress));
    }

    private static Task<Ascob.Core.Errors.Result<CallbackTaken>> AcceptAsync(TestWorld world, Run run, CallbackReport report) =>
        world.Get<CallbackService>().AcceptAsync(world.Get<CallbackIds>().For(run.Id, run.MarkerId), report, CallbackProof.None, Token);

    private static CallbackReport Report(RunStatus? status = null, string? message = null, double? progress = null, string? id = null, long? seq = null) =>
        new(status, null, progress, message, null, id, seq);

    private static IEnumerable<int[]> Permutations(int[] items) => items.Length <= 1
        ? [items]
        : items.SelectMany((item, i) => Permutations([.. items[..i], .. items[(i + 1)..]]).Select(rest => (int[])[item, .. rest]));
}
