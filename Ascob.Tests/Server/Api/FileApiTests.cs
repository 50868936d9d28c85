using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>Input files over the wire.</summary>
public sealed class FileApiTests : RunApi
{
    [Fact]
    public async Task ManualStart_TakesFiles_AndExactlyOneStart()
    {
        var id = await RunIdAsync(await SubmitAsync(new { labels = Dummy(), manualStart = true }));

        using var put = await Root.PutAsync($"/api/runs/{id}/files/input%2F1.txt", new StringContent("hello"), Cancel);
        using var post = await Root.PostAsync($"/api/runs/{id}/files/second", new ByteArrayContent(new byte[1000]), Cancel);
        using var large = await Root.PutAsync($"/api/runs/{id}/files/third", new ByteArrayContent(new byte[1001]), Cancel);
        using var chunked = await Root.PutAsync($"/api/runs/{id}/files/fourth", new EndlessContent(1001), Cancel);
        var files = await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}/files", Cancel);
        var starts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Root.PostAsync($"/api/runs/{id}/start", null, Cancel)));
        using var late = await Root.PutAsync($"/api/runs/{id}/files/late", new StringContent("x"), Cancel);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, chunked.StatusCode);
        Assert.True(put.IsSuccessStatusCode && post.IsSuccessStatusCode, $"{put.StatusCode} {post.StatusCode} {await put.Content.ReadAsStringAsync(Cancel)}");
        Assert.Equal(["input/1.txt", "second"], files.GetProperty("items").EnumerateArray().Select(f => f.GetProperty("name").GetString()));
        Assert.Equal(5, files.GetProperty("items")[0].GetProperty("size").GetInt64());
        Assert.Equal(1, starts.Count(s => s.IsSuccessStatusCode));
        Assert.Equal(7, starts.Count(s => s.StatusCode == HttpStatusCode.Conflict));
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
    }

    [Fact]
    public async Task Submit_AsAForm_BringsItsFiles()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(JsonSerializer.Serialize(new { jobSpec = new { labels = Dummy() } }), Encoding.UTF8, "application/json"), "request" },
            { new StringContent("one"), "first", "ignored.txt" },
            { new StringContent("two"), "files", "second.txt" },
        };

        using var response = await Root.PostAsync("/api/runs", form, Cancel);

        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        var files = await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{await RunIdAsync(response)}/files", Cancel);
        Assert.Equal(["first", "second.txt"], files.GetProperty("items").EnumerateArray().Select(f => f.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("a\u2028b")]
    [InlineData("400 of them fit")]
    public async Task FileName_WhenNoDatabaseOrLineCouldHoldIt_IsRefusedAndNoRunIsStored(string name)
    {
        name = name.StartsWith("400", StringComparison.Ordinal) ? new string('n', 401) : name;
        var before = await CountAsync();
        var bytes = Encoding.UTF8.GetBytes(
            $"--b\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{JsonSerializer.Serialize(new { jobSpec = new { labels = Dummy() } })}\r\n"
            + $"--b\r\nContent-Disposition: form-data; name=\"files\"; filename*=UTF-8''{Uri.EscapeDataString(name)}\r\n\r\nx\r\n--b--\r\n");
        using var form = new ByteArrayContent(bytes);
        form.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
        var held = await RunIdAsync(await SubmitAsync(new { labels = Dummy(), manualStart = true }));

        using var submitted = await Root.PostAsync("/api/runs", form, Cancel);
        using var attached = await Root.PutAsync($"/api/runs/{held}/files/{Uri.EscapeDataString(name)}", new StringContent("x"), Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, submitted.StatusCode);
        Assert.True((await JsonAsync(submitted)).GetProperty("errors").TryGetProperty("files", out _));
        Assert.Equal(HttpStatusCode.BadRequest, attached.StatusCode);
        Assert.True((await JsonAsync(attached)).GetProperty("errors").TryGetProperty("fileId", out _));
        Assert.Equal(before + 1, await CountAsync());
    }

    /// <summary>A body that does not tell its length.</summary>
    private sealed class EndlessContent(int length) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(new byte[length]).AsTask();

        protected override bool TryComputeLength(out long computed)
        {
            computed = 0;
            return false;
        }
    }
}
