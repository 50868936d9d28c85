using Ascob.Backends.Shell;
using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.Shell;

/// <summary>Jobs that leave behind what cannot simply be deleted. A host that may do everything would not notice, so it runs without that right where the tests run as root.</summary>
public sealed class ShellStubbornJobTests
{
    [Theory]
    [InlineData("mkdir -p x/y; chmod 0 x/y x")]
    [InlineData("mkdir -p mod/cache; echo x > mod/cache/file; chmod -R a-w mod")]
    [InlineData("chmod 0 .")]
    [InlineData("chmod 500 ..")]
    [InlineData("d=$(printf %0200d 0); for i in $(seq 40); do mkdir $d && cd -P $d; done")]
    public async Task CleanUp_WhenTheJobLeavesAStubbornTree_NeitherThisHostNorTheNextIsHindered(string command)
    {
        await using var world = new ShellWorld(WithoutOverride(), ("HostIdleExit", "00:00:01"));
        var job = await world.StartAsync(command);
        Assert.Equal(BackendState.Succeeded, (await world.EndAsync(job)).State);

        await world.Adapter.CleanUpAsync(ShellWorld.Ref(job), ShellWorld.Token);

        Assert.False(Directory.Exists(world.RunDirectoryOf(job)));
        Assert.Equal(BackendState.Succeeded, (await world.RunAsync("true")).State);
        var host = world.Adapter.HostPid;
        ShellWorld.KillHost(host, hard: true);
        await ShellWorld.GoneAsync(host);
        await world.RestartServerAsync();
        Assert.Equal(BackendState.Succeeded, (await world.RunAsync("true")).State);
    }

    private static ShellHostLauncher WithoutOverride()
    {
        const string SetPriv = "/usr/bin/setpriv";
        if (!Environment.IsPrivilegedProcess)
        {
            return ShellWorld.Launcher;
        }

        if (!File.Exists(SetPriv))
        {
            Assert.Skip("setpriv is not installed, and for root no directory is stubborn.");
        }

        return new ShellHostLauncher(SetPriv, ["--bounding-set=-dac_override,-dac_read_search", ShellWorld.Launcher.FileName, .. ShellWorld.Launcher.Arguments]);
    }
}
