using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ascob.Server.Configuration;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>Makes the HTTP client. Time limits come with each call, because a look at the locks may wait for minutes and a grant may not.</summary>
internal static class ConsulHttp
{
    private const int LargestAnswer = 64 * 1024 * 1024;
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(2);

    public static HttpClient Create(ConsulOptions options)
    {
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            MaxConnectionsPerServer = 32,
            ConnectTimeout = options.Timeout < LongestConnect ? options.Timeout : LongestConnect,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            SslOptions = Tls(options.Tls),
        };
        var client = new HttpClient(sockets)
        {
            BaseAddress = new Uri(options.Url.TrimEnd('/')),
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Ascob", typeof(ConsulHttp).Assembly.GetName().Version?.ToString(3)));
        if (!string.IsNullOrEmpty(options.Token))
        {
            client.DefaultRequestHeaders.Add("X-Consul-Token", options.Token);
        }

        return client;
    }

    private static SslClientAuthenticationOptions Tls(ConsulTlsOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.CaFile is { } authorities)
        {
            var chain = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            Read("CaFile", () => chain.CustomTrustStore.ImportFromPemFile(authorities));
            if (chain.CustomTrustStore.Count == 0)
            {
                throw new ConfigurationException("Ascob:Locks:Consul:Tls:CaFile holds no certificate in PEM form.");
            }

            tls.CertificateChainPolicy = chain;
        }

        if (options.CertificateFile is { } certificate)
        {
            Read("CertificateFile", () => tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, options.KeyFile ?? certificate)]);
        }

        return tls;
    }

    private static void Read(string setting, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"Ascob:Locks:Consul:Tls:{setting} cannot be used: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
