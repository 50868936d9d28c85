using Ascob.Core.Backends;
using Ascob.Server.Background;
using Ascob.Server.Cli.Doctor;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Cli.Doctor;

public sealed class SickBackendTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Doctor_WhenABackendSaysThatItIsIll_FailsWithItsReasonAndTheSettingToMend()
    {
        var backend = new ScriptedBackend { Health = new BackendHealth(false, "the backend refuses the credentials (401): mend Ascob:Backends:scripted:AuthToken") };
        await using var server = await ApiServer.StartAsync(b => b.Services.AddSingleton<IBackendType>(backend), "--Ascob:Backends:scripted:Type", "Scripted");
        await server.Get<BackendHealthChecks>().CheckAsync(Token);
        using var http = new HttpClient();

        var checks = await new ServerChecks(http, server.Url, ApiServer.RootToken, TimeProvider.System).RunAsync(Token);

        var ill = Assert.Single(checks, c => c.Name == "backend scripted");
        Assert.Equal(Verdict.Fail, ill.Verdict);
        Assert.Contains("Ascob:Backends:scripted:AuthToken", ill.Message, StringComparison.Ordinal);
    }
}
