using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellRestartTests : IAsyncLifetime
{
    private readonly ShellWorld _world = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Guarantee35_ServerGoesWhileJobsRun_ExitCodesAndOutputsAreNotLost()
    {
        var jobs = new List<BackendJob>();
        for (var i = 0; i < 40; i++)
        {
            jobs.Add(await _world.StartAsync($"echo begin; sleep 0.{i % 8}; echo end; exit {i}"));
            if (i % 10 == 9)
            {
                await _world.RestartServerAsync();
            }
        }

        var reports = await Task.WhenAll(jobs.Select(_world.EndAsync));

        Assert.Equal(Enumerable.Range(0, 40).Select(i => (int?)i), reports.Select(r => r.ExitCode));
        Assert.All(await Task.WhenAll(jobs.Select(j => _world.OutputAsync(j))), text => Assert.Equal("begin\nend\n", text));
    }

    [Fact]
    public async Task Guarantee35_HostIsKilled_RunningJobsAreReportedLostAndTheirProcessesKilled()
    {
        var running = await _world.StartAsync("(setsid sleep 300 &) ; echo ready; sleep 300");
        var ended = await _world.StartAsync("exit 4");
        await _world.SaysAsync(running, "ready");
        await _world.EndAsync(ended);
        var host = _world.Adapter.HostPid;

        ShellWorld.KillHost(host, hard: true);
        await ShellWorld.GoneAsync(host);
        await _world.RestartServerAsync();
        var lost = await _world.EndAsync(running);
        var kept = await _world.EndAsync(ended);

        Assert.Equal(BackendState.NotFound, lost.State);
        Assert.True(lost.Certain);
        Assert.Equal("the shell host died; exit code unknown", lost.Reason);
        Assert.Equal((BackendState.Failed, 4), (kept.State, kept.ExitCode));
        Assert.Empty(ShellWorld.Survivors(running.Marker));
        Assert.NotEqual(host, _world.Adapter.HostPid);
    }

    [Fact]
    public async Task Guarantee35_HostIsKilled_ConnectedServerGetsANewOneAndGoesOn()
    {
        await _world.RunAsync("true");
        var host = _world.Adapter.HostPid;

        ShellWorld.KillHost(host, hard: true);
        await ShellWorld.GoneAsync(host);
        await ShellWorld.UntilAsync(async () => (await _world.Adapter.SubmitAsync(_world.Job(ShellWorld.Command("true")), ShellWorld.Token)).Kind == SubmitOutcomeKind.Accepted);

        Assert.NotEqual(host, _world.Adapter.HostPid);
    }

    [Fact]
    public async Task ManyServersAtOnce_ShareOneHost()
    {
        var adapters = Enumerable.Range(0, 6).Select(_ => _world.NewAdapter()).ToList();

        var health = await Task.WhenAll(adapters.Select(a => a.CheckHealthAsync(ShellWorld.Token)));

        Assert.All(health, h => Assert.True(h.Healthy, h.Reason));
        Assert.Single(adapters.Select(a => a.HostPid).Distinct());
    }

    [Fact]
    public async Task Host_WhenNobodyNeedsIt_Ends()
    {
        await _world.RunAsync("true");
        var host = _world.Adapter.HostPid;

        await _world.Adapter.DisposeAsync();
        await ShellWorld.GoneAsync(host).WaitAsync(TimeSpan.FromSeconds(20), ShellWorld.Token);

        Assert.False(File.Exists(Path.Combine(_world.DataDirectory, "shell", "host.sock")));
    }

    [Fact]
    public async Task Host_WhenItsDirectoryIsGone_EndsAtOnceAlthoughAServerIsConnected()
    {
        await using var world = new ShellWorld(("HostIdleExit", "01:00:00"));
        await world.RunAsync("true");
        var host = world.Adapter.HostPid;

        Directory.Move(Path.Combine(world.DataDirectory, "shell"), Path.Combine(world.DataDirectory, "gone"));
        Directory.Delete(Path.Combine(world.DataDirectory, "gone"), recursive: true);

        await ShellWorld.GoneAsync(host).WaitAsync(TimeSpan.FromSeconds(5), ShellWorld.Token);
        await ShellWorld.UntilAsync(async () => (await world.Adapter.SubmitAsync(world.Job(ShellWorld.Command("true")), ShellWorld.Token)).Kind == SubmitOutcomeKind.Accepted);
        Assert.NotEqual(host, world.Adapter.HostPid);
    }

    [Fact]
    public async Task Host_WhenItsDirectoryIsGone_StaysUntilItsJobsHaveEnded()
    {
        await using var world = new ShellWorld(("HostIdleExit", "00:00:00"));
        var go = Path.Combine(world.DataDirectory, "go");
        var done = Path.Combine(world.DataDirectory, "done");
        var job = await world.StartAsync($"cd /; echo ready; while [ ! -e {go} ]; do sleep 0.05; done; echo yes > {done}");
        await world.SaysAsync(job, "ready");
        var host = world.Adapter.HostPid;
        await world.Adapter.DisposeAsync();

        Directory.Delete(Path.Combine(world.DataDirectory, "shell"), recursive: true);
        await using var other = world.NewAdapter();
        await other.CheckHealthAsync(ShellWorld.Token);
        Assert.True(Directory.Exists($"/proc/{host}"));
        await File.WriteAllTextAsync(go, string.Empty, ShellWorld.Token);
        await ShellWorld.GoneAsync(host).WaitAsync(TimeSpan.FromSeconds(10), ShellWorld.Token);

        Assert.True(File.Exists(done));
        Assert.NotEqual(host, other.HostPid);
        Assert.True((await other.CheckHealthAsync(ShellWorld.Token)).Healthy);
    }

    [Fact]
    public async Task Host_WhenToldToEnd_StopsItsJobsAndWritesTheirEndsDown()
    {
        var job = await _world.StartAsync("echo ready; sleep 300");
        await _world.SaysAsync(job, "ready");
        var host = _world.Adapter.HostPid;
        await _world.Adapter.DisposeAsync();

        ShellWorld.KillHost(host, hard: false);
        await ShellWorld.GoneAsync(host);
        await _world.RestartServerAsync();

        Assert.Equal(BackendState.Aborted, (await _world.EndAsync(job)).State);
        Assert.Empty(ShellWorld.Survivors(job.Marker));
    }

    [Fact]
    public async Task DataDirectory_WhenItsPathIsLongerThanASocketAddress_Works()
    {
        var deep = Path.Combine(_world.DataDirectory, new string('d', 100), new string('e', 50));
        Directory.CreateDirectory(deep);
        await using var adapter = new Ascob.Backends.Shell.ShellBackendAdapter(
            "shell", deep, new Ascob.Backends.Shell.ShellSettings { HostIdleExit = TimeSpan.Zero }, ShellWorld.Launcher, TimeProvider.System);

        var health = await adapter.CheckHealthAsync(ShellWorld.Token);
        ShellWorld.KillHost(adapter.HostPid, hard: false);
        await ShellWorld.GoneAsync(adapter.HostPid);

        Assert.True(health.Healthy, health.Reason);
    }

    [Fact]
    public async Task Submit_WhenTheJobWasCleanedUp_IsAnsweredWithItsEndAndStartsNothingOnThisHostNorTheNext()
    {
        var job = await _world.StartAsync("echo x >> ../../../count; exit 3");
        var first = await _world.EndAsync(job);
        await _world.Adapter.CleanUpAsync(ShellWorld.Ref(job), ShellWorld.Token);

        var late = await _world.Adapter.SubmitAsync(job, ShellWorld.Token);
        var host = _world.Adapter.HostPid;
        ShellWorld.KillHost(host, hard: true);
        await ShellWorld.GoneAsync(host);
        await _world.RestartServerAsync();
        var later = await _world.Adapter.SubmitAsync(job, ShellWorld.Token);

        Assert.All([late, later], o => Assert.Equal(
            (SubmitOutcomeKind.Accepted, BackendState.Failed, 3, first.Keys!["pid"], first.EndedAt),
            (o.Kind, o.Report!.State, o.Report.ExitCode, o.Keys["pid"], o.Report.EndedAt)));
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_world.DataDirectory, "shell", "shell", "count"), ShellWorld.Token));
    }

    [Fact]
    public async Task Submit_WhenTheRunWasOverBeforeItsJobCame_StartsNothing()
    {
        var job = _world.Job(ShellWorld.Command("true"));
        await _world.Adapter.CleanUpAsync(ShellWorld.Ref(job), ShellWorld.Token);

        var late = await _world.Adapter.SubmitAsync(job, ShellWorld.Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, late.Kind);
        Assert.False(Directory.Exists(_world.RunDirectoryOf(job)));
    }
}
