using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

public sealed class JsonFaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("{", "body", "The JSON ends before it is complete. (line 1, byte 2)")]
    [InlineData("""{"jobSpec":""", "jobSpec", "The JSON ends before it is complete. (line 1, byte 12)")]
    [InlineData("""{"jobSpec":{"labels":{"a":"b"}""", "jobSpec", "The JSON ends before it is complete. (line 1, byte 31)")]
    [InlineData("{\n\"jobSpec\":{\"submitter\":\"a", "jobSpec.submitter", "The JSON ends before it is complete. (line 2, byte 26)")]
    [InlineData("", "body", "The body is empty.")]
    [InlineData(" \n ", "body", "The body is empty.")]
    [InlineData("""{"jobSpec":{"submitter":"a",}}""", "jobSpec", "A comma stands before a closing bracket. (line 1, byte 29)")]
    [InlineData("""{"jobSpec":{}} {"jobSpec":{}}""", "body", "Something follows after the end of the JSON. (line 1, byte 16)")]
    [InlineData("""{"jobSpec":{}}x""", "body", "Something follows after the end of the JSON. (line 1, byte 15)")]
    [InlineData("""{"jobSpec":{},"jobSpec":{}}""", "jobSpec", "The name stands twice in one object. (line 1, byte 25)")]
    [InlineData("""{"jobSpec":{"labels":{"a":"1","a":"2"}}}""", "jobSpec.labels.a", "The name stands twice in one object. (line 1, byte 38)")]
    [InlineData("""{"jobSpec":{"timeoutSeconds":NaN}}""", "jobSpec.timeoutSeconds", "This is not valid JSON. (line 1, byte 30)")]
    [InlineData("""{"jobSpec":{"timeoutSeconds":-Infinity}}""", "jobSpec.timeoutSeconds", "This is not valid JSON. (line 1, byte 31)")]
    [InlineData("""{"jobSpec":{"manualStart":tru}}""", "jobSpec.manualStart", "This is not valid JSON. (line 1, byte 30)")]
    [InlineData("""{"jobSpec":{/* depth */}}""", "jobSpec", "This is not valid JSON. (line 1, byte 13)")]
    [InlineData("""{"jobSpec":{"submitter":"\x"}}""", "jobSpec.submitter", "This is not valid JSON. (line 1, byte 27)")]
    [InlineData("{'jobSpec':{}}", "body", "This is not valid JSON. (line 1, byte 2)")]
    public async Task Text_WhenItIsNoJson_IsRefusedWithThePlaceAndTheReason(string body, string field, string message) =>
        await AssertRefusedAsync(Encoding.UTF8.GetBytes(body), field, message);

    [Theory]
    [InlineData("""{"jobSpec":{"submitter":"\ud83d"}}""", "jobSpec.submitter", "The text holds half a surrogate pair. (line 1, byte 33)")]
    [InlineData("""{"jobSpec":{"labels":{"a":"\udc00x"}}}""", "jobSpec.labels.a", "The text holds half a surrogate pair. (line 1, byte 36)")]
    [InlineData("""{"jobSpec":{"labels":{"\ud83d":"1"}}}""", "jobSpec.labels", "The text holds half a surrogate pair. (line 1, byte 32)")]
    [InlineData("""{"jobSpec":{"submitter":5}}""", "jobSpec.submitter", "This must be a string. (line 1, byte 26)")]
    [InlineData("""{"jobSpec":{"submitter":["a"]}}""", "jobSpec.submitter", "This must be a string. (line 1, byte 26)")]
    [InlineData("""{"jobSpec":{"labels":{"a.b c":5}}}""", "jobSpec.labels.a.b c", "This must be a string. (line 1, byte 32)")]
    [InlineData("""{"jobSpec":{"manualStart":null}}""", "jobSpec.manualStart", "This must be true or false. (line 1, byte 31)")]
    [InlineData("""{"jobSpec":{"manualStart":1}}""", "jobSpec.manualStart", "This must be true or false. (line 1, byte 28)")]
    [InlineData("""{"jobSpec":{"timeoutSeconds":"5"}}""", "jobSpec.timeoutSeconds", "This must be a number. (line 1, byte 33)")]
    [InlineData("""{"jobSpec":{"timeoutSeconds":1.5}}""", "jobSpec.timeoutSeconds", "The number is out of range or not whole. (line 1, byte 33)")]
    [InlineData("""{"jobSpec":{"timeoutSeconds":1e999}}""", "jobSpec.timeoutSeconds", "The number is out of range or not whole. (line 1, byte 35)")]
    [InlineData("""{"jobSpec":{"locks":{}}}""", "jobSpec.locks", "The value has the wrong type. (line 1, byte 22)")]
    [InlineData("""{"jobSpec":{"locks":[1]}}""", "jobSpec.locks[0]", "The value has the wrong type. (line 1, byte 23)")]
    [InlineData("""{"jobSpec":{"locks":[{"key":"a","mode":"half"}]}}""", "jobSpec.locks[0].mode", "This must be one of exclusive, shared. (line 1, byte 46)")]
    [InlineData("[]", "body", "The value has the wrong type. (line 1, byte 2)")]
    [InlineData("\"depth\"", "body", "The value has the wrong type. (line 1, byte 8)")]
    public async Task Value_WhenItsTypeIsWrong_IsRefusedWithWhatItMustBe(string body, string field, string message) =>
        await AssertRefusedAsync(Encoding.UTF8.GetBytes(body), field, message);

    [Fact]
    public async Task Bytes_WhenTheyAreNoUtf8_AreRefused()
    {
        await AssertRefusedAsync([.. "{\"jobSpec\":{\"submitter\":\""u8, 0xff, .. "\"}}"u8], "jobSpec.submitter", "The text is not valid UTF-8. (line 1, byte 28)");
        await AssertRefusedAsync(Encoding.Unicode.GetBytes("""{"jobSpec":{}}"""), "body", "This is not valid JSON. (line 1, byte 2)");
    }

    [Fact]
    public async Task Nesting_WhenItIsOverTheLimit_IsRefused() => await AssertRefusedAsync(
        Encoding.UTF8.GetBytes($$"""{"jobSpec":{"x":{{new string('[', 1000)}}"""), "jobSpec.x", "The JSON is nested deeper than 64 levels. (line 1, byte 79)");

    [Fact]
    public async Task ByteOrderMark_BeforeTheJson_DoesNoHarm()
    {
        await using var server = await ApiServer.StartWithDummyAsync();
        using var client = server.Client();

        using var response = await PostAsync(client, [0xef, 0xbb, 0xbf, .. """{"jobSpec":{"labels":{"_execution_backend_id":"dummyBackend"}}}"""u8]);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    private static async Task AssertRefusedAsync(byte[] body, string field, string message)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();

        using var response = await PostAsync(client, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        var error = Assert.Single(problem.GetProperty("errors").EnumerateObject());
        Assert.Equal((field, message), (error.Name, Assert.Single(error.Value.EnumerateArray()).GetString()));
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await client.PostAsync("/api/runs", content, Cancel);
    }
}
