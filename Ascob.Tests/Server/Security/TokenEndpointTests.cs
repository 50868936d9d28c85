using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Server.Security;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Security;

public sealed class TokenEndpointTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_WhenBeyondTheCallersRights_Answers403()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = await server.ClientAsync([Permissions.SecurityTokenWrite, Permissions.JobRunRead]);

        using var beyond = await PostAsync(client, "x", new { permissions = new[] { "job_run_read", "backend_write" } });
        using var within = await PostAsync(client, "x", new { permissions = new[] { "job_run_read" } });

        Assert.Equal(HttpStatusCode.Forbidden, beyond.StatusCode);
        Assert.Equal(HttpStatusCode.OK, within.StatusCode);
    }

    [Fact]
    public async Task Create_WhenTheCallerIsLimitedToSubmitters_CannotReachOthers()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = await server.ClientAsync([Permissions.SecurityTokenWrite, Permissions.JobRunRead], ["ada"]);
        string[] read = ["job_run_read"];

        using var all = await PostAsync(client, "all", new { permissions = read });
        using var other = await PostAsync(client, "other", new { permissions = read, submitters = new[] { "ada", "bob" } });
        using var own = await PostAsync(client, "own", new { permissions = read, submitters = new[] { "ada" } });

        Assert.Equal(HttpStatusCode.Forbidden, all.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Fact]
    public async Task Create_WhenTheIdentifierIsTaken_Answers409_AndRotationEndsTheOldSecret()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var root = server.Client();
        var body = new { permissions = new[] { "job_run_read" } };
        var old = await SecretAsync(await PostAsync(root, "portal", body));

        using var taken = await PostAsync(root, "portal", body);
        var fresh = await SecretAsync(await PostAsync(root, "portal?rotate=true", body));

        Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);
        using var withOld = server.Client(old);
        using var withNew = server.Client(fresh);
        Assert.Equal(HttpStatusCode.Unauthorized, (await withOld.GetAsync("/api/security/whoami", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await withNew.GetAsync("/api/security/whoami", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Rotate_WhenTheTokenHoldsMoreThanTheCaller_Answers403()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var root = server.Client();
        (await PostAsync(root, "strong", new { permissions = new[] { "backend_write" } })).Dispose();
        using var client = await server.ClientAsync([Permissions.SecurityTokenWrite, Permissions.JobRunRead]);

        using var rotated = await PostAsync(client, "strong?rotate=true", new { permissions = new[] { "job_run_read" } });
        using var revoked = await client.DeleteAsync("/api/security/tokens/strong", Cancel);
        var listed = await client.GetStringAsync("/api/security/tokens", Cancel);

        Assert.Equal(HttpStatusCode.Forbidden, rotated.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, revoked.StatusCode);
        Assert.DoesNotContain("strong", listed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bad%20name", """{"permissions":["job_submit"]}""", "identifier")]
    [InlineData("x", """{"permissions":[]}""", "permissions")]
    [InlineData("x", """{"permissions":["job_submit","nonsense"]}""", "permissions[1]")]
    [InlineData("x", """{"expirySeconds":-1,"permissions":["job_submit"]}""", "expirySeconds")]
    [InlineData("x", """{"expirySeconds":99999999999,"permissions":["job_submit"]}""", "expirySeconds")]
    [InlineData("x", """{"expirySeconds":"soon","permissions":["job_submit"]}""", "expirySeconds")]
    [InlineData("x", """{"permissions":["job_submit"],"submitters":[]}""", "submitters")]
    public async Task Create_WhenInvalid_Answers400NamingTheField(string identifier, string body, string field)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var root = server.Client();

        using var response = await root.PostAsync(
            $"/api/security/tokens/{identifier}", new StringContent(body, null, "application/json"), Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task ConfiguredIdentifiers_CannotBeTakenOrRevoked()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var root = server.Client();

        using var taken = await PostAsync(root, "root", new { permissions = new[] { "job_submit" } });
        using var revoked = await root.DeleteAsync("/api/security/tokens/root", Cancel);

        Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, revoked.StatusCode);
    }

    [Fact]
    public async Task TokenTheft_TheStoreHoldsNoUsableSecret()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = await server.ClientAsync([Permissions.JobRunRead]);
        var secret = client.DefaultRequestHeaders.GetValues(AccessMiddleware.Header).Single();

        var stored = JsonSerializer.Serialize(await server.Get<ITokenStore>().ListAsync(Cancel));
        using var root = server.Client();
        var listed = await root.GetStringAsync("/api/security/tokens", Cancel);

        Assert.DoesNotContain(secret.Split('_')[2], stored, StringComparison.Ordinal);
        Assert.DoesNotContain(secret.Split('_')[2], listed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoAmI_TellsIdentifierAuthoritiesAndEnd()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var root = server.Client();

        var me = await root.GetFromJsonAsync<JsonElement>("/api/security/whoami", Cancel);

        Assert.Equal("root", me.GetProperty("identifier").GetString());
        Assert.Equal(Permissions.All.Count, me.GetProperty("authorities").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, me.GetProperty("expiresAt").ValueKind);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string identifier, object body) =>
        client.PostAsJsonAsync($"/api/security/tokens/{identifier}", body, Cancel);

    private static async Task<string> SecretAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("secret").GetString()!;
    }
}
