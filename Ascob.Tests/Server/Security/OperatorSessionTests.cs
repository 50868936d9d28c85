using System.Net;
using Ascob.Core.Access;
using Ascob.Server.Security;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Server.Security;

public sealed class OperatorSessionTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dashboard_IsForSignedInOperatorsOnly()
    {
        await using var server = await StartAsync();
        using var nobody = server.Client(token: null);
        using var weak = await server.ClientAsync([Permissions.JobSubmit]);
        using var header = server.Client();

        using var refused = await nobody.GetAsync("/hangfire", Cancel);
        using var forbidden = await weak.GetAsync("/hangfire", Cancel);
        using var byHeader = await header.GetAsync("/hangfire", Cancel);
        var cookie = await SignInAsync(nobody, ApiServer.RootToken);
        using var byCookie = await nobody.SendAsync(WithCookie(HttpMethod.Get, "/hangfire", cookie), Cancel);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        Assert.Equal(HttpStatusCode.OK, byHeader.StatusCode);
        Assert.Equal(HttpStatusCode.OK, byCookie.StatusCode);
    }

    [Fact]
    public async Task Login_SetsACookieThatScriptsAndOtherSitesCannotUse()
    {
        await using var server = await StartAsync();
        using var client = server.Client(token: null);

        using var form = Form(ApiServer.RootToken);
        using var response = await client.PostAsync("/login", form, Cancel);

        var cookie = response.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(ApiServer.RootToken, cookie, StringComparison.Ordinal);
        Assert.Equal("/hangfire", response.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Csrf_UnsafeRequestsOfOtherSites_AreRefusedInSpiteOfTheCookie()
    {
        await using var server = await StartAsync();
        using var client = server.Client(token: null);
        var cookie = await SignInAsync(client, ApiServer.RootToken);

        foreach (var (name, value) in new[] { ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example"), ("Origin", "null") })
        {
            using var request = WithCookie(HttpMethod.Post, "/hangfire/recurring/remove", cookie);
            request.Headers.Add(name, value);
            request.Content = new FormUrlEncodedContent([new("jobs[]", "sweep")]);
            using var response = await client.SendAsync(request, Cancel);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    [Fact]
    public async Task Cookie_IsNoTokenForTheApi_AndEndsWithItsTokenAndItsTime()
    {
        await using var server = await StartAsync();
        using var client = server.Client(token: null);
        using var operatorClient = await server.ClientAsync([Permissions.BackendWrite]);
        var secret = operatorClient.DefaultRequestHeaders.GetValues(AccessMiddleware.Header).Single();
        var cookie = await SignInAsync(client, secret);
        var rootCookie = await SignInAsync(client, ApiServer.RootToken);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/hangfire", cookie));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/api/backends", cookie));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/hangfire", cookie[..^2] + "00"));

        var record = Assert.Single(await server.Get<ITokenStore>().ListAsync(Cancel));
        await server.Get<ITokenStore>().DeleteAsync(record.Identifier, Cancel);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/hangfire", cookie));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/hangfire", rootCookie));
        _time.Advance(TimeSpan.FromHours(8));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/hangfire", rootCookie));
    }

    [Fact]
    public async Task Login_WithABadToken_CountsAsAFailure()
    {
        await using var server = await StartAsync();
        using var client = server.Client(token: null);
        HttpStatusCode last = default;
        for (var i = 0; i < 11; i++)
        {
            using var form = Form("wrong");
            using var response = await client.PostAsync("/login", form, Cancel);
            last = response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last);
    }

    [Fact]
    public async Task Metrics_AreClosedUnlessTheyAreOpened()
    {
        await using var closed = await StartAsync();
        await using var open = await ApiServer.StartWithoutStoreAsync(null, "--Ascob:Security:MetricsOpen", "true");
        using var nobody = closed.Client(token: null);
        using var root = closed.Client();
        using var anyone = open.Client(token: null);

        using var refused = await nobody.GetAsync("/metrics", Cancel);
        using var good = await root.GetAsync("/metrics", Cancel);
        using var alsoGood = await anyone.GetAsync("/metrics", Cancel);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal(HttpStatusCode.OK, alsoGood.StatusCode);
    }

    [Fact]
    public async Task FirstToken_IsPrintedOnceAndWorks()
    {
        using var output = new StringWriter();
        await using var server = await ApiServer.StartWithoutStoreAsync();
        var none = new FixedTokens(Microsoft.Extensions.Options.Options.Create(new Ascob.Server.Configuration.SecurityOptions()));
        var first = new FirstToken(none, server.Get<TokenService>(), output);

        await first.StartedAsync(Cancel);
        await first.StartedAsync(Cancel);

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var client = server.Client(Assert.Single(lines).Trim().Split(' ')[^1]);
        using var response = await client.GetAsync("/api/security/tokens", Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task FirstToken_WhenTheServerDiesBeforeItIsShown_IsMadeAgainAtTheNextStart()
    {
        using var output = new StringWriter();
        await using var dead = new BrokenWriter();
        await using var server = await ApiServer.StartWithoutStoreAsync();
        var none = new FixedTokens(Microsoft.Extensions.Options.Options.Create(new Ascob.Server.Configuration.SecurityOptions()));

        await Assert.ThrowsAsync<IOException>(() => new FirstToken(none, server.Get<TokenService>(), dead).StartedAsync(Cancel));
        await new FirstToken(none, server.Get<TokenService>(), output).StartedAsync(Cancel);

        using var client = server.Client(output.ToString().Trim().Split(' ')[^1]);
        using var response = await client.GetAsync("/api/security/tokens", Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private sealed class BrokenWriter : TextWriter
    {
        public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

        public override Task WriteLineAsync(string? value) => throw new IOException("killed");
    }

    private Task<ApiServer> StartAsync() =>
        ApiServer.StartWithoutStoreAsync(b => b.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_time)));

    [Theory]
    [InlineData("multipart/form-data; boundary=b", "--b\r\n")]
    [InlineData("multipart/form-data; boundary=b", "")]
    [InlineData("application/x-www-form-urlencoded", "&&&&=%ff%00&token")]
    public async Task SignIn_WhenTheFormIsBroken_ShowsThePageAgain(string mediaType, string form)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client(null);
        using var content = new StringContent(form);
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(mediaType);

        using var answer = await client.PostAsync("/login", content, TestContext.Current.CancellationToken);

        Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, answer.StatusCode.ToString());
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
    }

    private static FormUrlEncodedContent Form(string token) => new([new("token", token)]);

    private static async Task<string> SignInAsync(HttpClient client, string token)
    {
        using var form = Form(token);
        using var response = await client.PostAsync("/login", form, Cancel);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        return response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private static HttpRequestMessage WithCookie(HttpMethod method, string path, string cookie)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Cookie", cookie);
        return request;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path, string cookie)
    {
        using var request = WithCookie(HttpMethod.Get, path, cookie);
        using var response = await client.SendAsync(request, Cancel);
        return response.StatusCode;
    }
}
