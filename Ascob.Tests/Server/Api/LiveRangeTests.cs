using System.Net;
using System.Net.Http.Headers;
using Ascob.Core.Backends;
using Ascob.Tests.Robustness;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api;

public sealed class LiveRangeTests : IAsyncLifetime
{
    private const long Length = LargeOutputBackend.Length;
    private const int Piece = 64 * 1024;

    private readonly LargeOutputBackend _backend = new();
    private ApiServer _server = null!;
    private HttpClient _client = null!;
    private long _run;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync(b => b.Services.AddSingleton<IBackendType>(_backend), $"--Ascob:Backends:{LargeOutputBackend.Id}:Type", "Large");
        _client = _server.Client();
        _run = await _client.AcceptedAsync(new { submitter = "range", labels = new Dictionary<string, string> { ["_execution_backend_id"] = LargeOutputBackend.Id } });
        await Http.UntilAsync(async () => await _client.StatusAsync(_run) == "RUNNING", TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(0L, 9L, 0L, 10)]
    [InlineData(2_000_000_000L, 2_000_000_099L, 2_000_000_000L, 100)]
    [InlineData(Length - 3, null, Length - 3, 3)]
    [InlineData(null, 70_000L, Length - 70_000, 70_000)]
    [InlineData(Length - 3, Length + 3, Length - 3, 3)]
    [InlineData(1_000L, null, 1_000L, 1 << 20)]
    [InlineData(null, 2_000_000_000L, Length - 2_000_000_000L, 1 << 20)]
    public async Task RangeOfALiveRun_IsReadFromItsPlaceAlone(long? from, long? to, long first, int count)
    {
        using var answer = await RangeAsync(from, to);

        var bytes = await answer.Content.ReadAsByteArrayAsync(Cancel);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal($"bytes {first}-{first + count - 1}/{Length}", answer.Content.Headers.ContentRange?.ToString());
        Assert.Equal(Enumerable.Range(0, count).Select(i => LargeOutputBackend.At(first + i)), bytes);
        Assert.InRange(_backend.BytesRead, count, count + Piece + 100);
        Assert.InRange(_backend.Reads, 2, 100);
    }

    [Fact]
    public async Task RangeBeyondTheEndOfALiveRun_IsRefusedWithItsLength()
    {
        using var answer = await RangeAsync(Length, null);

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, answer.StatusCode);
        Assert.Equal($"bytes */{Length}", answer.Content.Headers.ContentRange?.ToString());
        Assert.InRange(_backend.BytesRead, 0, 100);
    }

    private async Task<HttpResponseMessage> RangeAsync(long? from, long? to)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{_run}/output.txt");
        request.Headers.Range = new RangeHeaderValue(from, to);
        return await _client.SendAsync(request, Cancel);
    }
}
