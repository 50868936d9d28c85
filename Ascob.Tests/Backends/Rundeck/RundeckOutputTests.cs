using Ascob.Core.Backends;
using Ascob.Core.Output;
using Ascob.Demo.Rundeck;

namespace Ascob.Tests.Backends.Rundeck;

public sealed class RundeckOutputTests
{
    private static readonly PretendRundeckJob Talking = new("4444-talking", "web", "talking")
    {
        Takes = TimeSpan.FromMinutes(10),
        Output = [.. Enumerable.Range(0, 5000).Select(n => $"line {n} ä")],
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pitfall20_ReadOutput_WhileTheJobRuns_IsNeverCompleteAlthoughAllThatIsThereWasRead()
    {
        await using var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        world.Time.Advance(TimeSpan.FromMinutes(1));

        var (text, complete) = await world.OutputAsync(run, pieces: 1000);

        Assert.Equal(Text(500), text);
        Assert.False(complete);
    }

    [Fact]
    public async Task ReadOutput_AsTheJobGoesOn_GoesOnFromTheByteWhereItStood()
    {
        await using var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        var (first, _) = await world.OutputAsync(run, pieces: 100_000);
        world.Time.Advance(TimeSpan.FromMinutes(10));

        var (rest, complete) = await world.OutputAsync(run, System.Text.Encoding.UTF8.GetByteCount(first), 100_000);

        Assert.Equal(Text(5000), first + rest);
        Assert.True(complete);
    }

    [Fact]
    public async Task ReadOutput_FromAnyByte_IsTheSameForAFreshAdapter()
    {
        await using var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        world.Time.Advance(TimeSpan.FromMinutes(11));
        var whole = System.Text.Encoding.UTF8.GetBytes(Text(5000));

        foreach (var offset in new[] { 0, 1, 8, 9, 40_000, whole.Length - 1, whole.Length })
        {
            using var fresh = (IDisposable)RundeckWorld.MakeAdapter(world.Rundeck.Url, world.Rundeck.AuthToken);
            var chunk = await ((ISupportOutput)fresh).ReadOutputAsync(run, OutputChannel.Combined, offset, 100, Token);
            Assert.Equal(whole.AsSpan(offset, Math.Min(100, whole.Length - offset)).ToArray()[..chunk.Data.Length], chunk.Data.ToArray());
            Assert.Equal(offset == whole.Length, chunk.Data.Length == 0);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public async Task ReadOutput_BeyondTheEnd_IsEmpty(int minutes)
    {
        await using var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        world.Time.Advance(TimeSpan.FromMinutes(minutes));

        var chunk = await ((ISupportOutput)world.Adapter).ReadOutputAsync(run, OutputChannel.Combined, 10_000_000, 1, Token);

        Assert.Equal(0, chunk.Data.Length);
        Assert.Equal(minutes > 10, chunk.Complete);
    }

    [Fact]
    public async Task ReadOutput_OfAWholeLog_ReadsEachPageOnceAndNotFromTheStartEachTime()
    {
        await using var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        world.Time.Advance(TimeSpan.FromMinutes(11));

        var (text, complete) = await world.OutputAsync(run, pieces: 1 << 20);

        Assert.Equal(Text(5000), text);
        Assert.True(complete);
        Assert.InRange(world.Rundeck.RequestsTo("GET /api/46/execution/"), 5, 8);
    }

    [Fact]
    public async Task Pitfall22_ReadOutput_WhenRundeckRetried_IsThatOfAllExecutionsInTurn()
    {
        var flaky = new PretendRundeckJob("flaky", "web", "flaky") { Takes = TimeSpan.FromMinutes(1), Result = "failed", Retries = 2, Output = ["one", "two"] };
        await using var world = await RundeckWorld.StartAsync(time => new PretendRundeck(time, flaky));
        var run = await world.StartedAsync(flaky);
        world.Time.Advance(TimeSpan.FromMinutes(5));
        var report = await world.ReportAsync(run);
        var later = run with { Keys = run.Keys.Concat(report.Keys!).GroupBy(k => k.Key).ToDictionary(g => g.Key, g => g.Last().Value) };

        var whole = await world.OutputAsync(run, pieces: 3);

        Assert.Equal(("one\ntwo\none\ntwo\none\ntwo\n", true), whole);
        Assert.Equal(whole, await world.OutputAsync(later, pieces: 5));
        Assert.Equal("wo\none\ntwo\n", (await world.OutputAsync(later, 13, 100)).Text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("999999")]
    public async Task ReadOutput_WhenAFirstExecutionIsNamedThatIsNotOurs_IsThatOfOurOwn(string? named)
    {
        var secret = new PretendRundeckJob("secret", "web", "secret") { Takes = TimeSpan.FromMinutes(1), Output = ["not yours"] };
        var flaky = new PretendRundeckJob("flaky", "web", "flaky") { Takes = TimeSpan.FromMinutes(1), Result = "failed", Retries = 1, Output = ["not yours either"] };
        var own = new PretendRundeckJob("own", "web", "own") { Takes = TimeSpan.FromMinutes(1), Output = ["ours"] };
        await using var world = await RundeckWorld.StartAsync(time => new PretendRundeck(time, secret, flaky, own));
        foreach (var foreign in new[] { await world.StartedAsync(secret), await world.StartedAsync(flaky) })
        {
            var run = await world.StartedAsync(own);
            world.Time.Advance(TimeSpan.FromMinutes(5));
            var forged = run with { Keys = new Dictionary<string, string>(run.Keys) { ["firstExecutionId"] = named ?? foreign.Keys["executionId"] } };

            Assert.Equal(("ours\n", true), await world.OutputAsync(forged));
        }
    }

    [Fact]
    public async Task Pitfall20_ReadOutput_WhenTheLogIsLost_IsCompleteAndEmpty()
    {
        await using var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        world.Time.Advance(TimeSpan.FromMinutes(11));
        world.Rundeck.LogsLost = true;

        Assert.Equal((string.Empty, true), await world.OutputAsync(run));
    }

    [Fact]
    public async Task ReadOutput_WhenTheLogIsStillOnItsWay_WaitsALittleAndIsNotComplete()
    {
        await using var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        world.Time.Advance(TimeSpan.FromMinutes(11));
        world.Rundeck.LogsPending = true;

        var pending = await world.OutputAsync(run);
        world.Rundeck.LogsPending = false;
        var there = await world.OutputAsync(run, pieces: 100_000);

        Assert.Equal((string.Empty, false), pending);
        Assert.Equal((Text(5000), true), there);
    }

    [Fact]
    public async Task ReadOutput_WhenLinesAreHuge_AsksForFewerAtOnce()
    {
        var huge = new PretendRundeckJob("huge", "web", "huge") { Output = [.. Enumerable.Range(0, 40).Select(n => new string((char)('a' + (n % 26)), 1_000_000))] };
        await using var world = await RundeckWorld.StartAsync(time => new PretendRundeck(time, huge));
        var run = await world.StartedAsync(huge);
        world.Time.Advance(TimeSpan.FromSeconds(1));

        var (text, complete) = await world.OutputAsync(run, pieces: 16 << 20);

        Assert.Equal(40 * 1_000_001, text.Length);
        Assert.True(complete);
    }

    [Fact]
    public async Task ReadOutput_WhenRundeckIsAway_SaysSoAsAFaultOfInput()
    {
        var world = await TalkingAsync();
        var run = await world.StartedAsync(Talking);
        await world.Rundeck.DisposeAsync();

        var fault = await Assert.ThrowsAnyAsync<IOException>(() => ((ISupportOutput)world.Adapter).ReadOutputAsync(run, OutputChannel.Combined, 0, 100, Token));

        Assert.Contains("refuses connections", fault.Message, StringComparison.Ordinal);
        await world.DisposeAsync();
    }

    private static string Text(int lines) => string.Concat(Talking.Output.Take(lines).Select(l => l + "\n"));

    private static Task<RundeckWorld> TalkingAsync() => RundeckWorld.StartAsync(time => new PretendRundeck(time, Talking));
}
