using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ascob.Core.Output;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Output;

/// <summary>What the archive of a short output costs, and what it costs to publish. Runs with <c>ASCOB_BIG=1</c>; the figures are in docs/performance.md.</summary>
public sealed class OutputMeasurement(PostgresFixture postgres, ITestOutputHelper output)
{
    private static readonly OutputChannel[] Streams = [OutputChannel.Combined, OutputChannel.Stdout, OutputChannel.Stderr];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Disk", 1, 1000)]
    [InlineData("Database", 1, 1000)]
    [InlineData("Disk", 64, 10_000)]
    [InlineData("Database", 64, 10_000)]
    public async Task Archive_OfShortOutputs(string where, int atOnce, int count)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ASCOB_BIG") != "1", "ASCOB_BIG=1 is not set.");
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync(), ("Ascob:Contents:Store", where));
        var archive = store.Get<IOutputStore>();
        byte[][] texts = [Encoding.ASCII.GetBytes("hello\nall is well\n"), Encoding.ASCII.GetBytes("hello\nall is well\n"), []];
        await MeasureAsync($"archive, {where}, {atOnce} at once", atOnce, count, run => archive.ArchiveAsync(
            run, 1, Streams, (channel, _, _) => Task.FromResult(new OutputChunk(texts[(int)channel], texts[(int)channel].Length, true)), Stop));
    }

    [Fact]
    public async Task Publish_OfManyJobs()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ASCOB_BIG") != "1", "ASCOB_BIG=1 is not set.");
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync());
        var published = store.Get<IPublishedOutput>();
        var text = Encoding.ASCII.GetBytes(new string('x', 200));
        await MeasureAsync("publish 64 pieces of 200 bytes", 1, 500, round => published.AppendAsync(
            [.. Enumerable.Range(0, 64).Select(job => new PublishedPiece(job, 1, OutputChannel.Combined, (round - 1) * 200, (round - 1) * 200, text))], Stop));
    }

    private async Task MeasureAsync(string what, int atOnce, int count, Func<long, Task> work)
    {
        var times = new double[count + 1];
        var begun = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(1, count), new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = Stop }, async (number, _) =>
        {
            var one = Stopwatch.GetTimestamp();
            await work(number);
            times[number] = Stopwatch.GetElapsedTime(one).TotalMilliseconds;
        });
        var took = Stopwatch.GetElapsedTime(begun);
        Array.Sort(times);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}: {count / took.TotalSeconds:0}/s, median {times[count / 2]:0.00} ms, p99 {times[(int)(count * 0.99)]:0.00} ms"));
    }
}
