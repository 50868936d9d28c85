using System.Buffers;
using System.Text;
using Ascob.Backends.Jenkins;
using Ascob.Core.Output;
using Ascob.Demo.Jenkins;

namespace Ascob.Tests.Backends.Jenkins;

public sealed class JenkinsOutputTests : IAsyncLifetime
{
    private const string Start = "Started by user ascob\n";

    private JenkinsWorld _world = null!;
    private PretendJenkinsJob _app = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await JenkinsWorld.StartAsync();
        _app = _world.Jenkins.AddMarked("team/app");
        (_app.RunTime, _app.Log) = (null, string.Empty);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Pitfall09_NotesAndCarriageReturns_AreLeftOutWhateverTheSizeOfThePieces()
    {
        var (run, build) = await _world.RunningAsync(_app);
        build.Print("line one\n\u001b[8mha:////AbC+d==\u001b[0mnoted\n\u001b[31mred\u001b[0m ü€😀\nprogress 1%\rprogress 2%\r\nwindows\r\nend");
        var expected = Start + "line one\nnoted\n\u001b[31mred\u001b[0m ü€😀\nprogress 1%\rprogress 2%\nwindows\nend";

        foreach (var piece in (int[])[1, 2, 3, 7, 100, 100_000])
        {
            Assert.Equal(expected, await _world.LogAsync(run, piece));
        }
    }

    [Fact]
    public async Task Pitfall09_WhenTheLogGrowsByteByByte_NothingIsPrintedTwiceOrLost()
    {
        var (run, build) = await _world.RunningAsync(_app);
        var raw = Encoding.UTF8.GetBytes("a\n\u001b[8mha:////AbC=\u001b[0mb\r\nü€\n\u001b[1mc\n\n\r\n\rd");
        var read = new List<byte>();
        foreach (var one in raw)
        {
            build.Print([one]);
            var chunk = await _world.Adapter.ReadOutputAsync(run, OutputChannel.Combined, read.Count, 1000, JenkinsWorld.Token);
            read.AddRange(chunk.Data.ToArray());
            Assert.False(chunk.Complete);
        }

        Assert.Equal(Start + "a\nb\nü€\n\u001b[1mc\n\n\n\rd", Encoding.UTF8.GetString([.. read]));
        Assert.Equal(Encoding.UTF8.GetString([.. read]), await _world.LogAsync(run));
    }

    [Fact]
    public async Task Pitfall09_WhenMoreMayCome_IsNotCompleteAndAtTheEndItIs()
    {
        var (run, build) = await _world.RunningAsync(_app);
        var offset = Start.Length;

        var open = await ReadAsync(run, offset);
        _world.Jenkins.LackingRights.Clear();
        (build.EndedAt, build.Result, build.LogIsOpen) = (_world.Time.GetUtcNow(), "SUCCESS", true);
        var growing = await ReadAsync(run, offset);
        build.LogIsOpen = false;
        var closed = await ReadAsync(run, offset);

        Assert.Equal([false, false, true], new[] { open.Complete, growing.Complete, closed.Complete });
        Assert.All([open, growing, closed], c => Assert.Equal((0, (long)offset), (c.Data.Length, c.NextOffset)));
    }

    [Fact]
    public async Task Pitfall09_WhenTheLogIsReplacedByAShorterOne_TheWholeIsNotPrintedAgain()
    {
        var (run, build) = await _world.RunningAsync(_app);
        build.Print(new string('x', 500) + "\n");
        var before = await _world.LogAsync(run);

        build.Rotate("a new log\n");
        var after = await ReadAsync(run, before.Length);
        build.Print(new string('y', 600) + "\n");
        var grown = await ReadAsync(run, before.Length);

        Assert.Equal((0, (long)before.Length), (after.Data.Length, after.NextOffset));
        Assert.Equal(("a new log\n" + new string('y', 600) + "\n")[before.Length..], Encoding.UTF8.GetString(grown.Data.Span));
        Assert.StartsWith("a new log\nyyy", await _world.LogAsync(run), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(10_000_000)]
    public async Task Offsets_BeyondTheEnd_AnswerNothing(int beyond)
    {
        var (run, _) = await _world.RunningAsync(_app);

        var chunk = await ReadAsync(run, Start.Length + beyond);

        Assert.Equal((0, (long)Start.Length + beyond), (chunk.Data.Length, chunk.NextOffset));
    }

    [Theory]
    [InlineData("\n", false)]
    [InlineData("\r\n", false)]
    [InlineData("\n", true)]
    public async Task LargeLogs_AreReadOnFromWhereTheLastPieceEnded(string lineEnd, bool mixed)
    {
        var (run, build) = await _world.RunningAsync(_app);
        var random = new Random(5);
        var raw = new StringBuilder();
        for (var i = 0; raw.Length < 3_000_000; i++)
        {
            raw.Append("line ").Append(i).Append(' ').Append('ü', random.Next(60)).Append(i % 50 == 0 ? "\u001b[8mha:////AAAA==\u001b[0m" : string.Empty)
                .Append(mixed && i % 3 == 0 ? "\r\n" : lineEnd);
        }

        build.Print(raw.ToString());
        var expected = Start + raw.ToString().Replace("\u001b[8mha:////AAAA==\u001b[0m", string.Empty, StringComparison.Ordinal).Replace("\r\n", "\n", StringComparison.Ordinal);
        var before = _world.Jenkins.Requests;

        Assert.Equal(expected, await _world.LogAsync(run, 256 * 1024));
        Assert.True(_world.Jenkins.Requests - before < 60, $"{_world.Jenkins.Requests - before} requests");
        var bytes = Encoding.UTF8.GetBytes(expected);
        for (var i = 0; i < 20; i++)
        {
            var offset = random.Next(bytes.Length);
            var chunk = await ReadAsync(run, offset, 50);
            Assert.Equal(bytes.AsSpan(offset, Math.Min(50, bytes.Length - offset)).ToArray(), chunk.Data.ToArray());
        }
    }

    [Fact]
    public async Task Output_WhileQueued_IsEmptyAndOfACancelledItemComplete()
    {
        var run = await _world.AcceptedAsync("team/app");
        var queued = await ReadAsync(run, 0);
        await _world.Adapter.StopAsync(run, Ascob.Core.Backends.StopMode.Soft, JenkinsWorld.Token);
        var cancelled = await ReadAsync(run, 0);

        Assert.Equal((false, true), (queued.Complete, cancelled.Complete));
        Assert.All([queued, cancelled], c => Assert.Equal(0, c.Data.Length));
    }

    [Fact]
    public async Task Output_WhenNotJenkinsSaysThatThereIsNone_IsNotOver()
    {
        var (run, _) = await _world.RunningAsync(_app);
        _world.Answer("GET", "/", 404, "<html>no such backend</html>");

        await Assert.ThrowsAsync<HttpRequestException>(() => _world.Adapter.ReadOutputAsync(run, OutputChannel.Combined, 0, 1000, JenkinsWorld.Token));
    }

    [Fact]
    public async Task Output_OfADeletedBuild_IsOver()
    {
        var (run, build) = await _world.RunningAsync(_app);
        await ReadAsync(run, 0);
        _app.Builds.Remove(build);

        Assert.True((await ReadAsync(run, 3)).Complete);
    }

    [Theory]
    [InlineData(200, "<html><form>login</form></html>")]
    [InlineData(500, "<html>Oops</html>")]
    [InlineData(302, "")]
    public async Task Pitfall48_WhenTheAnswerIsNoLog_ItIsNotTakenForOne(int status, string body)
    {
        var (run, _) = await _world.RunningAsync(_app);
        _world.Answer("GET", "/logText/", status, body);

        var fault = await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(run, 0));

        Assert.StartsWith("The log of the Jenkins build cannot be read now", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cleaner_WhenTheEndCutsSomethingOff_GivesItOut()
    {
        var cleaner = new JenkinsLogCleaner(default);
        var clean = new ArrayBufferWriter<byte>();
        foreach (var one in "a\r\u001b[8m"u8)
        {
            cleaner.Take(one, clean);
        }

        cleaner.Finish(clean);

        Assert.Equal("a\r\u001b[8m", Encoding.UTF8.GetString(clean.WrittenSpan));
    }

    private Task<OutputChunk> ReadAsync(Ascob.Core.Backends.BackendRunRef run, long offset, int most = 4096) =>
        _world.Adapter.ReadOutputAsync(run, OutputChannel.Combined, offset, most, JenkinsWorld.Token);
}
