using System.Diagnostics;
using Ascob.Backends.Shell;
using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.Shell;

/// <summary>A restored backup beside its original: the copy's host must leave the original's alone.</summary>
public sealed class ShellCopiedDirectoryTests
{
    [Fact]
    public async Task Host_OfACopiedDataDirectory_LeavesTheOriginalsHostAndJobsAlone()
    {
        await using var world = new ShellWorld();
        var job = await world.StartAsync("echo ready; sleep 300");
        await world.SaysAsync(job, "ready");
        var host = world.Adapter.HostPid;
        var copy = Directory.CreateTempSubdirectory("ascob-copy-").FullName;
        await CopyAsync(world.DataDirectory, copy);

        await using var adapter = new ShellBackendAdapter("shell", copy, new ShellSettings { HostIdleExit = TimeSpan.Zero }, ShellWorld.Launcher, TimeProvider.System);
        var health = await adapter.CheckHealthAsync(ShellWorld.Token);

        Assert.True(health.Healthy, health.Reason);
        Assert.NotEqual(host, adapter.HostPid);
        Assert.Equal(BackendState.Running, (await world.StatusAsync(job)).State);
        Assert.Equal(host, world.Adapter.HostPid);
        Assert.NotEmpty(ShellWorld.Survivors(job.Marker));
        ShellWorld.KillHost(adapter.HostPid, hard: false);
        await ShellWorld.GoneAsync(adapter.HostPid);
        Directory.Delete(copy, recursive: true);
    }

    // With another program: .NET would wait for the lock on a file that the host holds.
    private static async Task CopyAsync(string from, string to)
    {
        using var copy = Process.Start("cp", ["-a", $"{from}/.", to]);
        await copy.WaitForExitAsync(ShellWorld.Token);
        File.Delete(Path.Combine(to, "shell", "host.sock"));
    }
}
