using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Robustness;

/// <summary>Files larger than a server's memory should be, through a server of its own whose memory is looked at.</summary>
public sealed class LargeFileTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const long MostGrowth = 64L << 20;

    // 64 MiB by default; ASCOB_TEST_FILE_BYTES=1073741824 gives the figure of docs/performance.md.
    private static readonly long Size = long.TryParse(Environment.GetEnvironmentVariable("ASCOB_TEST_FILE_BYTES"), CultureInfo.InvariantCulture, out var size) ? size : 64L << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("disk")]
    [InlineData("database")]
    public async Task File_ThatComesAndGoesAsAStream_LeavesTheMemoryFlat(string where)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak of a process's memory is read from /proc.");
        string[] settings = where == "disk" ? [] : ["--Ascob:Database:Provider", "PostgreSql", "--Ascob:Database:ConnectionString", await postgres.CreateDatabaseAsync()];
        await using var server = await RunningServer.StartAsync(settings);
        using var client = server.Client();
        client.Timeout = TimeSpan.FromMinutes(10);
        await RoundTripAsync(client, 1 << 20);
        var before = PeakMemory(server.ProcessId);

        var (up, down) = await RoundTripAsync(client, Size);

        var growth = PeakMemory(server.ProcessId) - before;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Size >> 20} MiB, {where}: up {Size / up.TotalSeconds / 1e6:0} MB/s, down {Size / down.TotalSeconds / 1e6:0} MB/s, peak memory {before >> 20} MiB before and {growth >> 20} MiB more"));
        Assert.True(growth < MostGrowth, $"the peak grew by {growth >> 20} MiB");
    }

    private static async Task<(TimeSpan Up, TimeSpan Down)> RoundTripAsync(HttpClient client, long size)
    {
        var labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_output"] = "%%CALLBACK_URL%%" };
        var id = await client.AcceptedAsync(new { submitter = "ann", labels, manualStart = true, runtimeVariables = true });
        var begun = Stopwatch.GetTimestamp();
        using var content = new StreamContent(new PatternStream(size));
        using var put = await client.PutAsync($"/api/runs/{id}/files/data", content, Token);
        var up = Stopwatch.GetElapsedTime(begun);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Token));
        var stored = (await put.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("sha256").GetString();
        using var start = await client.PostAsync($"/api/runs/{id}/start", null, Token);
        await Http.UntilAsync(async () => await client.StatusAsync(id) == "SUCCEEDED", TimeSpan.FromSeconds(30));
        var url = await client.GetStringAsync($"/api/runs/{id}/output.txt", Token);

        begun = Stopwatch.GetTimestamp();
        await using var download = await client.GetStreamAsync(new Uri(url.Trim() + "/files/data"), Token);
        var received = Convert.ToHexStringLower(await SHA256.HashDataAsync(download, Token));
        var down = Stopwatch.GetElapsedTime(begun);

        Assert.Equal(Convert.ToHexStringLower(await SHA256.HashDataAsync(new PatternStream(size), Token)), received);
        Assert.Equal(received, stored);
        return (up, down);
    }

    private static long PeakMemory(int processId) => long.Parse(
        File.ReadLines($"/proc/{processId}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal))[6..].Replace("kB", string.Empty, StringComparison.Ordinal).Trim(),
        CultureInfo.InvariantCulture) * 1024;

    /// <summary>Bytes that are cheap to make and hard to store twice.</summary>
    private sealed class PatternStream(long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, length - _position);
            for (var i = 0; i < count; i++)
            {
                buffer[i] = (byte)((_position + i) * 2654435761L >> 16);
            }

            _position += count;
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
