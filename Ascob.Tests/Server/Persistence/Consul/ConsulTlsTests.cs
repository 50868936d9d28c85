using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence.Locks.Consul;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Consul;

/// <summary>A Consul that speaks TLS, with an authority of its own, and asks for certificates.</summary>
public sealed class ConsulTlsTests(ConsulFixture consul) : ConsulTestBase(consul)
{
    [Fact]
    public async Task Tls_WhenBothSidesHaveCertificates_LocksWork_AndElseNothingIsGranted()
    {
        var directory = Directory.CreateTempSubdirectory("ascob-consul-tls-").FullName;
        try
        {
            await ConsulFixture.RunAsync(directory, "tls", "ca", "create");
            await ConsulFixture.RunAsync(directory, "tls", "cert", "create", "-server", "-additional-ipaddress", "127.0.0.1");
            await ConsulFixture.RunAsync(directory, "tls", "cert", "create", "-client");
            var port = FreePort();
            await using var agent = await ConsulFixture.OwnAsync(extra: string.Create(
                CultureInfo.InvariantCulture,
                $"ports {{ https = {port} }} ca_file = \"{directory}/consul-agent-ca.pem\" cert_file = \"{directory}/dc1-server-consul-0.pem\" key_file = \"{directory}/dc1-server-consul-0-key.pem\" verify_incoming_https = true"));
            var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{port}"));
            void Known(ConsulOptions options) => options.Tls.CaFile = Path.Combine(directory, "consul-agent-ca.pem");
            void Both(ConsulOptions options)
            {
                Known(options);
                options.Tls.CertificateFile = Path.Combine(directory, "dc1-client-consul-0.pem");
                options.Tls.KeyFile = Path.Combine(directory, "dc1-client-consul-0-key.pem");
            }

            await using (var store = await OpenAsync(url, Both))
            {
                await EndAsync(store, await HoldAsync(store, "db"));
            }

            foreach (var change in (Action<ConsulOptions>[])[Known, _ => { }])
            {
                await using var store = await OpenAsync(url, change);
                var waiting = await WaitingAsync(store, new LockSpec("db"));
                await UntilAsync(async () => (await GrantAsync(store, waiting)).Outcome == LockGrantOutcome.Blocked && store.Get<LockCondition>().Trouble?.Kind == "away");
            }
        }
        finally
        {
            await TestDirectories.DeleteAsync(directory);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tls_WhenAFileHoldsNoCertificate_TheStartStopsAndNamesTheSetting(bool authority)
    {
        var file = Path.GetTempFileName();
        try
        {
            var options = new ConsulOptions { Tls = authority ? new ConsulTlsOptions { CaFile = file } : new ConsulTlsOptions { CertificateFile = file } };

            var refused = Assert.Throws<ConfigurationException>(() => ConsulHttp.Create(options));

            Assert.StartsWith("Ascob:Locks:Consul:Tls:", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
