using System.Diagnostics;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellProcessHygieneTests : IAsyncLifetime
{
    private readonly ShellWorld _world = new(("StopGrace", "00:00:01"));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Guarantee30_ChildIgnoresTerm_IsKilledAfterTheGraceAndReportedAborted()
    {
        var jobs = new List<BackendJob>();
        for (var i = 0; i < 10; i++)
        {
            jobs.Add(await _world.StartAsync("trap '' TERM; echo ready; while :; do sleep 0.1; done"));
        }

        foreach (var job in jobs)
        {
            await _world.SaysAsync(job, "ready");
        }

        var watch = Stopwatch.StartNew();
        await Task.WhenAll(jobs.Select(j => _world.Adapter.StopAsync(ShellWorld.Ref(j), StopMode.Soft, ShellWorld.Token)));
        var reports = await Task.WhenAll(jobs.Select(_world.EndAsync));

        Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 6);
        Assert.All(reports, r => Assert.Equal((BackendState.Aborted, "killed"), (r.State, r.Word)));
        Assert.All(jobs, j => Assert.Empty(ShellWorld.Survivors(j.Marker)));
    }

    [Fact]
    public async Task Stop_WhenChildObeysTerm_EndsAtOnceWithItsOwnCleanUpDone()
    {
        var job = await _world.StartAsync("trap 'echo tidy; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
        await _world.SaysAsync(job, "ready");

        await _world.Adapter.StopAsync(ShellWorld.Ref(job), StopMode.Soft, ShellWorld.Token);
        var report = await _world.EndAsync(job);

        Assert.Equal(BackendState.Aborted, report.State);
        Assert.Equal(7, report.ExitCode);

        // The shell may add a word about its child, which got the signal too.
        Assert.Contains("tidy\n", await _world.OutputAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_WhenOnlyAGrandchildNeedsTheGrace_GivesItTheGrace()
    {
        var job = await _world.StartAsync("sh -c 'trap \"sleep 0.3; echo saved; exit 0\" TERM; echo ready; while :; do sleep 0.05; done' & wait");
        await _world.SaysAsync(job, "ready");

        await _world.Adapter.StopAsync(ShellWorld.Ref(job), StopMode.Soft, ShellWorld.Token);
        await _world.EndAsync(job);

        Assert.Contains("saved", await _world.OutputAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guarantee31_FiftyHostileJobs_LeaveNoProcessBehind()
    {
        string[] scripts =
        [
            "(sleep 321 &) ; echo ready; sleep 300",
            "setsid sleep 321 & echo ready; sleep 300",
            "(setsid sh -c '(setsid sleep 321 >/dev/null 2>&1 </dev/null &) ; sleep 321' >/dev/null 2>&1 </dev/null &) ; echo ready; sleep 300",
            "trap '' TERM HUP INT; (trap '' TERM; sleep 321) & echo ready; while :; do sleep 0.2; done",
            "for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'trap \"\" TERM; sleep 321; sleep 321' &) ; done; echo ready; sleep 300",
        ];
        var jobs = new List<BackendJob>();
        for (var i = 0; i < 50; i++)
        {
            jobs.Add(await _world.StartAsync(scripts[i % scripts.Length]));
        }

        foreach (var job in jobs)
        {
            await _world.SaysAsync(job, "ready");
        }

        var watch = Stopwatch.StartNew();
        await Task.WhenAll(jobs.Select((j, i) =>
            _world.Adapter.StopAsync(ShellWorld.Ref(j), i % 2 == 0 ? StopMode.Soft : StopMode.Hard, ShellWorld.Token)));
        var reports = await Task.WhenAll(jobs.Select(_world.EndAsync));

        Assert.All(reports, r => Assert.Equal(BackendState.Aborted, r.State));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);
        await ShellWorld.UntilAsync(() => Task.FromResult(jobs.All(j => ShellWorld.Survivors(j.Marker).Count == 0)), () => "survivors", seconds: 11);
    }

    [Fact]
    public async Task Guarantee31_DaemonLeftByAJobThatEnds_IsGoneWhenTheJobHasEnded()
    {
        var job = await _world.StartAsync("(setsid sleep 654 >/dev/null 2>&1 </dev/null &); exit 0");

        var report = await _world.EndAsync(job);

        Assert.Equal(BackendState.Succeeded, report.State);
        Assert.Empty(ShellWorld.Survivors(job.Marker));
    }

    [Fact]
    public async Task Guarantee31_DaemonThatWipedItsEnvironment_IsGoneToo()
    {
        var unique = $"0.{Random.Shared.Next(100000, 999999)}";
        await _world.RunAsync($"(env -i setsid /bin/sh -c 'while :; do /bin/sleep {unique}; done' >/dev/null 2>&1 </dev/null &); exit 0");

        await ShellWorld.UntilAsync(() => Task.FromResult(ShellWorld.Survivors($"/bin/sleep {unique}").Count == 0), () => "it survived", seconds: 11);
        Assert.Empty(ShellWorld.Survivors($"/bin/sleep {unique}"));
    }

    [Fact]
    public async Task Guarantee33_GrandchildKeepsThePipe_RunEndsSoonAndOutputIsMarkedCut()
    {
        var watch = Stopwatch.StartNew();
        var jobs = new List<BackendJob>();
        for (var i = 0; i < 10; i++)
        {
            jobs.Add(await _world.StartAsync("echo before; sleep 60 & exit 5"));
        }

        var reports = await Task.WhenAll(jobs.Select(_world.EndAsync));

        Assert.InRange(watch.Elapsed.TotalSeconds, 1.9, 8);
        Assert.All(reports, r => Assert.Equal(5, r.ExitCode));
        var text = await _world.OutputAsync(jobs[0]);
        Assert.StartsWith("before\n", text, StringComparison.Ordinal);
        Assert.Contains("[ascob: output cut here", text, StringComparison.Ordinal);
        Assert.Empty(ShellWorld.Survivors(jobs[0].Marker));
    }

    [Fact]
    public async Task Guarantee33_BackgroundWorkThatEndsInTime_IsNotCut()
    {
        var job = await _world.StartAsync("(sleep 0.3; echo late) & exit 0");

        await _world.EndAsync(job);

        Assert.Equal("late\n", await _world.OutputAsync(job));
    }

    [Fact]
    public async Task Guarantee34_FiveHundredRuns_LeaveNoZombieAndNoDescriptor()
    {
        await _world.RunAsync("echo warm");
        var before = Descriptors();

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 500),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = ShellWorld.Token },
            async (i, _) => await _world.RunAsync(i % 2 == 0 ? "true" : "echo x; (echo y &)"));

        await ShellWorld.UntilAsync(() => Task.FromResult(Math.Abs(Descriptors() - before) <= 5), () => $"{before} descriptors became {Descriptors()}", seconds: 10);
        Assert.DoesNotContain(ProcessTable.ReadAll(), p => p.Parent == _world.Adapter.HostPid);
    }

    [Fact]
    public async Task Guarantee32_FourFloods_DelayNoOtherJob()
    {
        var floods = new List<BackendJob>();
        for (var i = 0; i < 4; i++)
        {
            floods.Add(await _world.StartAsync("yes"));
        }

        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 20; i++)
        {
            var watch = Stopwatch.StartNew();
            await _world.RunAsync("echo x");
            slowest = watch.Elapsed > slowest ? watch.Elapsed : slowest;
        }

        await Task.WhenAll(floods.Select(f => _world.Adapter.StopAsync(ShellWorld.Ref(f), StopMode.Hard, ShellWorld.Token)));
        await Task.WhenAll(floods.Select(_world.EndAsync));

        Assert.InRange(slowest.TotalSeconds, 0, 5);
        Assert.All(floods, f => Assert.InRange(DirectoryBytes(_world.RunDirectoryOf(f)), 1, (20L << 20) + 4096));
    }

    [Fact]
    public async Task Guarantee27_HugeOutput_KeepsMemoryAndDiskBounded()
    {
        await _world.RunAsync("true");
        var job = await _world.StartAsync("echo FIRST; head -c 200000000 /dev/zero | tr '\\0' x; echo LAST");

        var report = await _world.EndAsync(job);
        var rss = long.Parse(
            File.ReadLines($"/proc/{_world.Adapter.HostPid}/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            System.Globalization.CultureInfo.InvariantCulture);
        var text = await _world.OutputAsync(job);

        Assert.Equal(BackendState.Succeeded, report.State);
        Assert.InRange(rss, 1, 160 * 1024);
        Assert.InRange(DirectoryBytes(_world.RunDirectoryOf(job)), 9 << 20, (20L << 20) + 4096);
        Assert.StartsWith("FIRST\n", text, StringComparison.Ordinal);
        Assert.EndsWith("xLAST\n", text, StringComparison.Ordinal);
    }

    private static long DirectoryBytes(string directory) => new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);

    private int Descriptors() => Directory.EnumerateFileSystemEntries($"/proc/{_world.Adapter.HostPid}/fd").Count();
}
