using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Robustness;

/// <summary>Two whole servers on one database, each with a data directory of its own: whoever is asked serves what the other one took, also when that one is gone for good.</summary>
public sealed class TwoServersTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _outside = Directory.CreateTempSubdirectory("ascob-outside-").FullName;
    private string[] _settings = [];
    private RunningServer _one = null!;
    private RunningServer _two = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Go => Path.Combine(_outside, "go");

    public async ValueTask InitializeAsync()
    {
        _settings =
        [
            "--Ascob:Database:Provider", "PostgreSql", "--Ascob:Database:ConnectionString", await postgres.CreateDatabaseAsync(),
            "--Ascob:Security:EncryptionKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00", "--Ascob:Backends:shell:StopGrace", "00:00:01",
        ];
        _one = await RunningServer.StartAsync(_settings);
        try
        {
            _two = await RunningServer.StartAsync(_settings);
        }
        catch
        {
            // Nobody disposes of what was never whole.
            await _one.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await File.WriteAllTextAsync(Go, string.Empty);
        foreach (var server in (RunningServer?[])[_one, _two])
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }
        }

        Directory.Delete(_outside, recursive: true);
    }

    [Fact]
    public async Task Output_OfAJobAtTheOtherServer_IsFollowedAndOutlivesThatServer()
    {
        using var one = _one.Client();
        using var two = _two.Client();
        var content = RandomNumberGenerator.GetBytes(3_000_001);
        var id = await one.AcceptedAsync(Job(
            $"wc -c < \"$ASCOB_FILES_DIR/data\"; echo $ASCOB_CALLBACK_URL > {_outside}/url; echo one; while [ -d {_outside} ] && [ ! -e {Go} ]; do sleep 0.02; done; echo two; echo err >&2", manualStart: true));
        using var put = await one.PutAsync($"/api/runs/{id}/files/data", new ByteArrayContent(content), Token);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Token));
        using var start = await one.PostAsync($"/api/runs/{id}/start", null, Token);

        using var follow = await two.GetAsync($"/api/runs/{id}/output.txt?follow=true", HttpCompletionOption.ResponseHeadersRead, Token);
        using var live = new StreamReader(await follow.Content.ReadAsStreamAsync(Token));
        Assert.Equal("3000001", await live.ReadLineAsync(Token));
        Assert.Equal("one", await live.ReadLineAsync(Token));
        Assert.Equal("RUNNING", await two.StatusAsync(id));
        Assert.Equal("3000001\none\n", await two.GetStringAsync($"/api/runs/{id}/output.txt", Token));
        Assert.Equal("one\n", await two.GetStringAsync($"/api/runs/{id}/output/stdout.txt?offset=8", Token));
        Assert.Equal((HttpStatusCode.PartialContent, "01\no", "bytes 5-8/12"), await PartAsync(two, id, 5, 8));
        await File.WriteAllTextAsync(Go, string.Empty, Token);
        Assert.Equal("two\nerr\n", await live.ReadToEndAsync(Token));
        Assert.Equal("SUCCEEDED", await two.EndAsync(id));

        var url = new Uri((await File.ReadAllTextAsync($"{_outside}/url", Token)).Trim());
        await _one.TerminateAsync(Patience);
        await TestDirectories.DeleteAsync(Path.Combine(_one.Directory, "data"));

        Assert.Equal("3000001\none\ntwo\nerr\n", await two.GetStringAsync($"/api/runs/{id}/output.txt", Token));
        Assert.Equal("3000001\none\ntwo\n", await two.GetStringAsync($"/api/runs/{id}/output/stdout.txt", Token));
        Assert.Equal("err\n", await two.GetStringAsync($"/api/runs/{id}/output/stderr.txt", Token));
        Assert.Equal("two\nerr\n", await two.GetStringAsync($"/api/runs/{id}/output.txt?offset=12", Token));
        Assert.Equal((HttpStatusCode.PartialContent, "01\no", "bytes 5-8/20"), await PartAsync(two, id, 5, 8));
        var download = new Uri(_two.Url, url.AbsolutePath + "/files/data");
        Assert.Equal(content, await two.GetByteArrayAsync(download, Token));
        using var ranged = new HttpRequestMessage(HttpMethod.Get, download) { Headers = { Range = new RangeHeaderValue(2_999_000, null) } };
        using var part = await two.SendAsync(ranged, Token);
        Assert.Equal(content[2_999_000..], await part.Content.ReadAsByteArrayAsync(Token));
    }

    [Fact]
    public async Task File_GivenToOneServer_ReachesAJobAtTheOther()
    {
        using var one = _one.Client();
        using var two = _two.Client();
        var content = RandomNumberGenerator.GetBytes(700_001);
        var id = await one.AcceptedAsync(Job("sha256sum < \"$ASCOB_FILES_DIR/data\"", manualStart: true));
        using var put = await one.PutAsync($"/api/runs/{id}/files/data", new ByteArrayContent(content), Token);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Token));
        await _one.KillAsync();
        await TestDirectories.DeleteAsync(Path.Combine(_one.Directory, "data"));

        using var start = await two.PostAsync($"/api/runs/{id}/start", null, Token);

        Assert.Equal("SUCCEEDED", await two.EndAsync(id));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)) + "  -\n", await two.GetStringAsync($"/api/runs/{id}/output.txt", Token));
    }

    [Fact]
    public async Task Output_OfAJobWhoseServerIsKilledAndComesBack_IsFollowedElsewhereWithEachByteOnce()
    {
        using var one = _one.Client();
        using var two = _two.Client();
        var id = await one.AcceptedAsync(Job($"i=0; while [ -d {_outside} ] && [ ! -e {Go} ]; do i=$((i+1)); echo line $i; sleep 0.01; done; echo end $i"));
        using var follow = await two.GetAsync($"/api/runs/{id}/output.txt?follow=true", HttpCompletionOption.ResponseHeadersRead, Token);
        using var live = new StreamReader(await follow.Content.ReadAsStreamAsync(Token));
        var text = new StringBuilder();
        await UntilAsync("line 50\n");

        await _one.KillAsync();
        await using var nextLife = await _one.NextLifeAsync(_settings);
        await UntilAsync("line 200\n");
        await File.WriteAllTextAsync(Go, string.Empty, Token);
        text.Append(await live.ReadToEndAsync(Token));

        var lines = text.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal([.. Enumerable.Range(1, lines.Length - 1).Select(i => $"line {i}"), $"end {lines.Length - 1}"], lines);
        Assert.Equal("SUCCEEDED", await two.EndAsync(id));
        Assert.Equal(text.ToString(), await two.GetStringAsync($"/api/runs/{id}/output.txt", Token));

        async Task UntilAsync(string line)
        {
            var buffer = new char[4096];
            while (!text.ToString().Contains(line, StringComparison.Ordinal))
            {
                var read = await live.ReadAsync(buffer, Token);
                Assert.True(read > 0, text.ToString());
                text.Append(buffer, 0, read);
            }
        }
    }

    [Fact]
    public async Task Output_OfAPlaceThatIsGone_IsWhatWasPublishedOfIt()
    {
        using var one = _one.Client();
        using var two = _two.Client();
        var id = await one.AcceptedAsync(Job($"echo early; echo bad >&2; while [ -d {_outside} ] && [ ! -e {Go} ]; do sleep 0.05; done"));
        await Http.UntilAsync(async () => (await two.GetStringAsync($"/api/runs/{id}/output.txt", Token)).Length == 10, Patience);

        await _one.KillAsync();
        await TestDirectories.DeleteAsync(Path.Combine(_one.Directory, "data"));

        Assert.Contains("early\n", await two.GetStringAsync($"/api/runs/{id}/output.txt", Token), StringComparison.Ordinal);
        Assert.Equal("early\n", await two.GetStringAsync($"/api/runs/{id}/output/stdout.txt", Token));
        Assert.Equal("bad\n", await two.GetStringAsync($"/api/runs/{id}/output/stderr.txt", Token));
    }

    private static object Job(string command, bool manualStart = false) =>
        new { submitter = "ann", labels = new { _execution_backend_id = "shell", shell_command = command }, manualStart };

    private static async Task<(HttpStatusCode Status, string Text, string? Range)> PartAsync(HttpClient client, long id, long first, long last)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/output.txt") { Headers = { Range = new RangeHeaderValue(first, last) } };
        using var answer = await client.SendAsync(request, Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token), answer.Content.Headers.ContentRange?.ToString());
    }
}
