using System.Security.Cryptography;
using Ascob.Core.Files;
using Ascob.Server.Persistence.Contents;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Server.Persistence.Contents;

public sealed class ContentCacheTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-cache-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private int _fetches;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Locate_WhenAskedAgain_FetchesOnce()
    {
        var cache = new ContentCache(_directory, 1000, _time);

        var paths = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => LocateAsync(cache, "a", 100)));
        await LocateAsync(cache, "a", 100);

        Assert.Equal(1, _fetches);
        Assert.Equal(Bytes("a", 100), await File.ReadAllBytesAsync(Assert.Single(paths.Distinct()), Stop));
    }

    [Fact]
    public async Task Locate_WhenAFileOfAnEarlierLifeIsDamaged_FetchesItAnew()
    {
        var path = await LocateAsync(new ContentCache(_directory, 1000, _time), "a", 100);
        await File.WriteAllBytesAsync(path, new byte[100], Stop);

        await LocateAsync(new ContentCache(_directory, 1000, _time), "a", 100);

        Assert.Equal(2, _fetches);
        Assert.Equal(Bytes("a", 100), await File.ReadAllBytesAsync(path, Stop));
    }

    [Fact]
    public async Task Locate_WhenTheDigestIsAnother_LeavesNothing()
    {
        var wrong = Content("a", 100) with { Sha256 = new string('0', 64) };

        var thrown = await Assert.ThrowsAsync<IOException>(
            () => new ContentCache(_directory, 1000, _time).LocateAsync(wrong, _ => Task.FromResult<Stream?>(new MemoryStream(Bytes("a", 100))), Stop));

        Assert.Contains("digest", thrown.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Fact]
    public async Task Locate_OverTheBound_DropsWhatNobodyAskedForForTheLongestTime()
    {
        var cache = new ContentCache(_directory, 250, _time);
        var a = await LocateAsync(cache, "a", 100);
        _time.Advance(TimeSpan.FromMinutes(1));
        var b = await LocateAsync(cache, "b", 100);
        _time.Advance(TimeSpan.FromMinutes(1));
        await LocateAsync(cache, "a", 100);
        var young = await LocateAsync(cache, "young", 100);
        Assert.True(File.Exists(a) && File.Exists(b), "what was asked for a moment ago may be in use");

        _time.Advance(TimeSpan.FromMinutes(9.5));
        await LocateAsync(cache, "c", 100);

        Assert.Equal((true, false, true), (File.Exists(a), File.Exists(b), File.Exists(young)));
    }

    private Task<string> LocateAsync(ContentCache cache, string name, int length) => cache.LocateAsync(
        Content(name, length),
        _ =>
        {
            Interlocked.Increment(ref _fetches);
            return Task.FromResult<Stream?>(new MemoryStream(Bytes(name, length)));
        },
        Stop);

    private static StagedFile Content(string name, int length) => new(name, name, length, Convert.ToHexStringLower(SHA256.HashData(Bytes(name, length))));

    private static byte[] Bytes(string name, int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i + name[0]))];
}
