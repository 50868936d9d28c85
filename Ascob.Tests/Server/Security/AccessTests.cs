using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Server.Security;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Server.Security;

public sealed class AccessTests
{
    private static readonly HashSet<string> OpenRoutes = new(StringComparer.Ordinal)
    {
        "GET /healthz/live", "GET /healthz/ready", "GET /swagger/1/swagger.json", "HEAD /swagger/1/swagger.json", "GET /login", "POST /login", "POST /logout",
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryRoute_IsOpenByName_OrASecretUrl_OrAsksForAToken()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();

        var routes = RouteWalk.All(server);

        Assert.True(routes.Count >= 35, $"only {routes.Count} routes were found");
        foreach (var route in routes)
        {
            Assert.True(route.Requirement is not null, $"{route} asks for nothing");
            switch (route.Requirement.Kind)
            {
                case AccessKind.Open:
                    Assert.Contains(route.ToString(), OpenRoutes);
                    break;
                case AccessKind.SecretUrl:
                    Assert.StartsWith("/api/webhooks/r", route.Path, StringComparison.Ordinal);
                    break;
                case AccessKind.Permission:
                    Assert.Contains(route.Requirement.Permission, Permissions.All);
                    break;
                case AccessKind.Application:
                    Assert.StartsWith("/v1/", route.Path, StringComparison.Ordinal);
                    break;
                case AccessKind.AnyToken:
                    Assert.Equal("GET /api/security/whoami", route.ToString());
                    break;
            }
        }
    }

    [Fact]
    public async Task Unauthenticated_EveryClosedRoute_Answers401WithTheSameBody()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client(token: null);
        var bodies = new HashSet<string>(StringComparer.Ordinal);

        foreach (var route in Closed(server))
        {
            using var response = await client.SendAsync(route.Request(), Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{route} answered {response.StatusCode}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.False(response.Headers.Contains("Server"));
            var problem = await response.Content.ReadFromJsonAsync<Dictionary<string, JsonElement>>(Cancel);
            problem!.Remove("traceId");
            bodies.Add(JsonSerializer.Serialize(problem));
        }

        Assert.Single(bodies);
    }

    [Fact]
    public async Task LowPrivilege_TokenWithoutThePermission_Gets403OnEveryRoute()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();

        foreach (var route in Closed(server).Where(r => r.Requirement!.Kind == AccessKind.Permission))
        {
            using var client = await server.ClientAsync([.. Permissions.All.Where(p => p != route.Requirement!.Permission)]);
            using var response = await client.SendAsync(route.Request(), Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{route} answered {response.StatusCode}");
        }
    }

    [Fact]
    public async Task StoreAway_EveryRouteThatNeedsIt_Answers503WithRetryAfterAndTellsNothing()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client();
        var unavailable = 0;

        foreach (var route in Closed(server).Where(r => !r.Path.StartsWith("/api/security", StringComparison.Ordinal)))
        {
            using var request = route.Request();
            if (route.Method is not "GET")
            {
                request.Content = JsonContent.Create(new { });
            }

            using var response = await client.SendAsync(request, Cancel);
            var body = await response.Content.ReadAsStringAsync(Cancel);
            Assert.True((int)response.StatusCode < 500 || response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{route} answered {response.StatusCode}: {body}");
            Assert.DoesNotContain("secret/path", body, StringComparison.Ordinal);
            Assert.DoesNotContain("SELECT", body, StringComparison.Ordinal);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                Assert.NotNull(response.Headers.RetryAfter);
                unavailable++;
            }
        }

        Assert.True(unavailable >= 15, $"only {unavailable} routes asked the store");
    }

    [Fact]
    public async Task BruteForce_EleventhBadTokenInAMinute_Gets429_WhileGoodTokensAreServed()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var server = await ApiServer.StartWithoutStoreAsync(b => b.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        using var bad = server.Client("asc_wrong");
        using var good = server.Client();
        using var known = await good.GetAsync("/api/security/whoami", Cancel);
        using var stranger = await server.ClientAsync([Permissions.JobRunRead]);
        for (var i = 0; i < 10; i++)
        {
            using var refused = await bad.GetAsync("/api/security/whoami", Cancel);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        using var blocked = await bad.GetAsync("/api/security/whoami", Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, blocked.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(50), blocked.Headers.RetryAfter?.Delta);
        using var served = await good.GetAsync("/api/security/whoami", Cancel);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);

        // Right or wrong: a token that was not accepted lately is not looked at, or the limit would slow no guess down.
        using var unseen = await stranger.GetAsync("/api/security/whoami", Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, unseen.StatusCode);

        time.Advance(TimeSpan.FromSeconds(50));
        using var seen = await stranger.GetAsync("/api/security/whoami", Cancel);
        Assert.Equal(HttpStatusCode.OK, seen.StatusCode);
        using var later = await bad.GetAsync("/api/security/whoami", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, later.StatusCode);
    }

    [Fact]
    public async Task BruteForce_ThousandsOfGuesses_NoneIsTaken()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var owner = await server.ClientAsync([Permissions.JobRunRead]);
        var secret = owner.DefaultRequestHeaders.GetValues(AccessMiddleware.Header).Single();
        var authenticator = server.Get<TokenAuthenticator>();
        var parts = secret.Split('_');

        for (var i = 0; i < 20_000; i++)
        {
            var (_, guess) = TokenSecret.Create();
            var mixed = guess.Split('_');

            // The id is right, the check sum fits, only the secret part is guessed.
            var forged = i % 2 == 0 ? guess : TokenForge.WithCheckSum($"asc_{parts[1]}_{mixed[2]}");
            var answer = await authenticator.AuthenticateAsync(forged, Cancel);
            Assert.Null(answer.Caller);
        }

        Assert.NotNull((await authenticator.AuthenticateAsync(secret, Cancel)).Caller);
    }

    [Fact]
    public async Task Revoke_EndsATokenWithinOneSecond()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var server = await ApiServer.StartWithoutStoreAsync(b => b.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        using var client = await server.ClientAsync([Permissions.JobRunRead]);
        var me = await client.GetFromJsonAsync<JsonElement>("/api/security/whoami", Cancel);
        using var root = server.Client();

        using var deleted = await root.DeleteAsync($"/api/security/tokens/{me.GetProperty("identifier").GetString()}", Cancel);
        time.Advance(TimeSpan.FromSeconds(1));
        using var after = await client.GetAsync("/api/security/whoami", Cancel);

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task Expiry_EndsATokenAtItsSecond()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var server = await ApiServer.StartWithoutStoreAsync(b => b.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        using var root = server.Client();
        var made = await root.PostAsJsonAsync("/api/security/tokens/short", new { expirySeconds = 60, permissions = new[] { "job_run_read" } }, Cancel);
        var secret = (await made.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("secret").GetString();
        using var client = server.Client(secret);

        time.Advance(TimeSpan.FromSeconds(59));
        using var before = await client.GetAsync("/api/security/whoami", Cancel);
        time.Advance(TimeSpan.FromSeconds(1));
        using var after = await client.GetAsync("/api/security/whoami", Cancel);

        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    private static IEnumerable<RouteWalk.Route> Closed(ApiServer server) =>
        RouteWalk.All(server).Where(r => r.Requirement?.Kind is AccessKind.Permission or AccessKind.AnyToken);
}
