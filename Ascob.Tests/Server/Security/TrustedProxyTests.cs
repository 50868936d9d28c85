using System.Net;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Security;

public sealed class TrustedProxyTests
{
    private const int Limit = 10;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.0/8")]
    public async Task BruteForce_BehindATrustedProxy_BlocksTheAddressThatTheProxySaw_AndNoOther(string proxy)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync(null, "--Ascob:TrustedProxies:0", proxy);
        using var client = server.Client("asc_wrong");
        for (var i = 0; i < Limit; i++)
        {
            // What stands before the last address was written by the client, who may lie.
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(client, $"198.51.100.{i}, 203.0.113.7"));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(client, "198.51.100.99, 203.0.113.7"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(client, "203.0.113.8"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("10.11.12.13")]
    [InlineData("10.0.0.0/8")]
    public async Task BruteForce_FromAnAddressThatIsNoTrustedProxy_IsBlockedWhateverTheHeaderSays(string? proxy)
    {
        await using var server = await ApiServer.StartWithoutStoreAsync(null, proxy is null ? [] : ["--Ascob:TrustedProxies:0", proxy]);
        using var client = server.Client("asc_wrong");
        for (var i = 0; i < Limit; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(client, $"203.0.113.{i}"));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(client, "203.0.113.200"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(client, null));
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string? forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/security/whoami");
        if (forwardedFor is not null)
        {
            request.Headers.Add("X-Forwarded-For", forwardedFor);
        }

        using var answer = await client.SendAsync(request, Cancel);
        return answer.StatusCode;
    }
}
