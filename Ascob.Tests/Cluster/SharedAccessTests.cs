using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Backends;
using Ascob.Core.Callbacks;
using Ascob.Core.Runs;
using Ascob.Server.Configuration;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Cluster;

/// <summary>Tokens, sign-ins, secrets and callback addresses hold on every server of a database, and a server that could not honour them does not start.</summary>
public sealed class SharedAccessTests(PostgresFixture postgres)
{
    private const string OtherKey = "HBscHRwdHhscHRwdHhscHRwdHhscHRwdHhscHRwdHhs=";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_MadeAtOneServer_CountsAtTheOtherAtOnceAndEndsThereWithinASecond()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await Members.StartAsync(database, "one");
        await using var two = await Members.StartAsync(database, "two");
        using var root = one.Client();
        for (var round = 0; round < 5; round++)
        {
            using var client = two.Client(await IssueAsync(root, $"t-{round}"));
            using (var first = await client.GetAsync("/api/security/whoami", Token))
            {
                Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            }

            using var revoked = await root.DeleteAsync($"/api/security/tokens/t-{round}", Token);
            Assert.True(revoked.IsSuccessStatusCode, revoked.StatusCode.ToString());
            var at = Stopwatch.GetTimestamp();
            await Http.UntilAsync(
                async () =>
                {
                    using var answer = await client.GetAsync("/api/security/whoami", Token);
                    return answer.StatusCode == HttpStatusCode.Unauthorized;
                },
                TimeSpan.FromSeconds(3));
            Assert.InRange(Stopwatch.GetElapsedTime(at), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Session_SignedInAtOneServer_CountsAtTheOtherUntilItsTokenIsRevoked()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await Members.StartAsync(database, "one");
        await using var two = await Members.StartAsync(database, "two");
        using var root = one.Client();
        using var browser = one.Client(token: null);
        using var form = new FormUrlEncodedContent([new("token", await IssueAsync(root, "operator", "backend_write"))]);
        using var signedIn = await browser.PostAsync("/login", form, Token);
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];

        Assert.Equal(HttpStatusCode.OK, await DashboardAsync(two, cookie));
        using var revoked = await root.DeleteAsync("/api/security/tokens/operator", Token);

        await Http.UntilAsync(async () => await DashboardAsync(two, cookie) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Secrets_OfAJobTakenInAtOneServer_AreReadAndCalledBackAtTheOther()
    {
        var database = await postgres.CreateDatabaseAsync();
        var backend = new ScriptedBackend();
        await using var one = await Members.StartAsync(database, "one", backend, TimeSpan.Zero);
        using var client = one.Client();
        var id = await client.AcceptedAsync(new
        {
            submitter = "ann",
            labels = new Dictionary<string, string> { ["_execution_backend_id"] = "scripted" },
            secretParameters = new Dictionary<string, string> { ["password"] = "s3cret" },
            manualStart = true,
        });
        await using var two = await Members.StartAsync(database, "two", backend, TimeSpan.Zero);
        using var other = two.Client();
        using var started = await other.PostAsync($"/api/runs/{id}/start", null, Token);
        await Http.UntilAsync(() => Task.FromResult(!backend.Arrived.IsEmpty), TimeSpan.FromSeconds(10));
        var run = await one.Get<IRunStore>().FindAsync(id, Token);
        using var nobody = two.Client(token: null);

        using var reported = await nobody.PostAsJsonAsync($"/api/webhooks/runs/{one.Get<CallbackIds>().For(id, run!.MarkerId)}", new { progress = 40 }, Token);

        Assert.Equal("s3cret", backend.Arrived.First().Secrets["password"]);
        Assert.Equal(HttpStatusCode.OK, reported.StatusCode);
        Assert.Equal(40, (await client.JsonAsync($"/api/runs/{id}")).GetProperty("progress").GetDouble());
        backend.Set(run.Marker, BackendState.Succeeded);
        Assert.Equal("SUCCEEDED", await client.EndAsync(id));
    }

    [Fact]
    public async Task Start_WithAnotherKeyThanTheDatabaseWasFirstUsedWith_IsRefusedByTheNameOfTheSetting()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await Members.StartAsync(database, "one");

        var refusal = await Assert.ThrowsAsync<ConfigurationException>(() => Members.StartAsync(database, "two", "--Ascob:Security:EncryptionKey", OtherKey));
        var unset = await Assert.ThrowsAsync<ConfigurationException>(() => Members.StartAsync(database, "two", "--Ascob:Security:EncryptionKey", string.Empty));

        foreach (var message in (string[])[refusal.Message, unset.Message])
        {
            Assert.StartsWith("Ascob:Security:EncryptionKey", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
            Assert.DoesNotContain(OtherKey, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Start_WithAReplacedKey_TakesItOverAndTheOldOneIsRefusedFromThenOn()
    {
        var database = await postgres.CreateDatabaseAsync();
        await (await Members.StartAsync(database, "one")).DisposeAsync();

        await using (await Members.StartAsync(database, "one", "--Ascob:Security:EncryptionKey", OtherKey, "--Ascob:Security:ReplaceEncryptionKey", "true"))
        {
            await using var again = await Members.StartAsync(database, "two", "--Ascob:Security:EncryptionKey", OtherKey);
        }

        await Assert.ThrowsAsync<ConfigurationException>(() => Members.StartAsync(database, "one"));
    }

    private static async Task<string> IssueAsync(HttpClient root, string name, params string[] permissions)
    {
        using var answer = await root.PostAsJsonAsync($"/api/security/tokens/{name}", new { permissions = permissions.Length > 0 ? permissions : ["job_run_read"] }, Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("secret").GetString()!;
    }

    private static async Task<HttpStatusCode> DashboardAsync(ApiServer server, string cookie)
    {
        using var client = server.Client(token: null);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/hangfire");
        request.Headers.Add("Cookie", cookie);
        using var answer = await client.SendAsync(request, Token);
        return answer.StatusCode;
    }
}
