using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Ascob.Tests.Server.Api.Kuroko2;

/// <summary>Every refusal under <c>/v1</c> has the form that clients of kuroko2 know, whoever in the server makes it.</summary>
public sealed class Kuroko2RefusalTests : Kuroko2Api
{
    protected override string[] Settings => ["--Ascob:Limits:MaxBodyBytes", "65536"];

    [Theory]
    [InlineData("GET", "/v1")]
    [InlineData("GET", "/v1/")]
    [InlineData("GET", "/v1/nothing")]
    [InlineData("GET", "/V1/nothing")]
    [InlineData("POST", "/v1/definitions/1/instances/2/3")]
    [InlineData("GET", "/v1/definitions/x")]
    [InlineData("GET", "/v1/definitions/99999999999999999999")]
    [InlineData("PUT", "/v1/definitions/7")]
    public async Task What_is_not_there_is_404_in_its_form(string method, string path)
    {
        using var response = await Portal.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancel);

        await RefusedAsync(response, HttpStatusCode.NotFound, "record_not_found");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("DELETE", "/v1/definitions", "GET, POST")]
    [InlineData("GET", "/v1/definitions/1/instances", "POST")]
    [InlineData("POST", "/v1/stats/instance", "GET")]
    public async Task A_wrong_method_is_405_in_its_form_and_names_those_that_are_taken(string method, string path, string allowed)
    {
        using var response = await Portal.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancel);

        await RefusedAsync(response, HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Equal(allowed, string.Join(", ", response.Content.Headers.Allow.Order()));
    }

    [Theory]
    [InlineData("text/xml")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/octet-stream")]
    public async Task A_body_of_another_type_is_415_in_its_form(string type)
    {
        using var content = new ByteArrayContent("<a/>"u8.ToArray());
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);

        await RefusedAsync(await Portal.PostAsync("/v1/definitions", content, Cancel), HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
    }

    [Theory]
    [InlineData("{", "application/json")]
    [InlineData("[]", "application/json")]
    [InlineData("{\"name\":1,\"name\":2}", "application/json")]
    [InlineData("name=%ff%fe&description=%00", "application/x-www-form-urlencoded")]
    public async Task A_malformed_body_is_400_or_422_in_its_form(string text, string type)
    {
        using var content = new StringContent(text, Encoding.UTF8, type);
        using var response = await Portal.PostAsync("/v1/definitions", content, Cancel);

        await RefusedAsync(response, response.StatusCode, response.StatusCode == HttpStatusCode.BadRequest ? "bad_request" : "unprocessable_entity");
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413_in_its_form()
    {
        using var content = new StringContent($"{{\"name\":\"{new string('x', 100_000)}\"}}", Encoding.UTF8, "application/json");

        await RefusedAsync(await Portal.PostAsync("/v1/definitions", content, Cancel), HttpStatusCode.RequestEntityTooLarge, "payload_too_large");
    }

    [Theory]
    [InlineData("GET", "/v1/definitions")]
    [InlineData("POST", "/v1/definitions/1/instances")]
    public async Task Without_credentials_it_is_401_in_its_form_with_a_challenge_also_for_the_tokens_of_the_native_api(string method, string path)
    {
        using var response = await Root.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancel);

        await RefusedAsync(response, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Equal("Basic", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
    }

    [Fact]
    public async Task A_fault_of_the_server_is_500_in_its_form_and_tells_nothing_of_the_inside()
    {
        await using var server = await ApiServer.StartWithDummyAsync("--Ascob:Kuroko2:Applications:portal", Key);
        using var client = server.Client(token: null);
        client.DefaultRequestHeaders.Authorization = Portal.DefaultRequestHeaders.Authorization;
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={System.IO.Path.Combine(server.DataDirectory, "ascob.db")};Pooling=False"))
        {
            await connection.OpenAsync(Cancel);
            await using var command = connection.CreateCommand();
            command.CommandText = "ALTER TABLE definition_versions RENAME TO elsewhere";
            await command.ExecuteNonQueryAsync(Cancel);
        }

        using var response = await client.GetAsync("/v1/definitions/1", Cancel);
        Assert.DoesNotContain("definition_versions", await RefusedAsync(response, HttpStatusCode.InternalServerError, "internal_server_error"), StringComparison.Ordinal);
    }
}
