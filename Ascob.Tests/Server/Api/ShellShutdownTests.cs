using Ascob.Backends.Shell;
using Ascob.Core.Backends;
using Ascob.Tests.Backends.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api;

public sealed class ShellShutdownTests
{
    [Fact]
    public async Task Server_WhenItEnds_LetsItsShellHostGo()
    {
        var server = await ApiServer.StartAsync(
            builder => builder.Services.AddSingleton(ShellWorld.Launcher),
            "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00");
        int host;
        try
        {
            var adapter = Assert.IsType<ShellBackendAdapter>(Assert.Single(server.Get<BackendCatalog>().All).Adapter);
            await adapter.CheckHealthAsync(TestContext.Current.CancellationToken);
            host = adapter.HostPid;
            Assert.True(Directory.Exists($"/proc/{host}"));
            await server.App.StopAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            // The directory stays until the host has gone by itself: its loss would end it too.
            await server.App.DisposeAsync();
        }

        await ShellWorld.GoneAsync(host).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Directory.Delete(server.DataDirectory, recursive: true);
    }
}
