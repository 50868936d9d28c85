using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.Shell;

/// <summary>True daemons: they leave the session, the environment, the outputs and the directory of their job behind.</summary>
public sealed class ShellDaemonTests : IAsyncLifetime
{
    // Each is left by a job of its own that ends at once. {0} is the number to know it by.
    public static readonly TheoryData<string> Daemons =
    [
        "(env -i setsid /bin/sh -c 'cd /; while :; do /bin/sleep {0}; done' >/dev/null 2>&1 </dev/null &)",
        "(setsid /bin/sh -c '(env -i setsid /bin/sh -c \"cd /; while :; do /bin/sleep {0}; done\" &)' >/dev/null 2>&1 </dev/null &)",
        "env -i setsid -f /bin/sh -c 'cd /; exec 0<&- 1>&- 2>&-; trap \"\" TERM HUP INT; while :; do /bin/sleep {0}; done' >/dev/null 2>&1",
        "env -i setsid -f /usr/bin/env ASCOB_RUN=ascob-of-somebody-else /bin/sh -c 'cd /; while :; do /bin/sleep {0}; done' >/dev/null 2>&1 </dev/null",
        "for i in 1 2 3 4 5 6; do env -i setsid -f /bin/sh -c 'cd /; while :; do /bin/sleep {0}; done' >/dev/null 2>&1 </dev/null; done",
    ];

    private readonly ShellWorld _world = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Guarantee31_DaemonWithNothingOfItsJobLeft_IsGoneWhileOtherJobsRun(string script)
    {
        var other = await _world.StartAsync("echo ready; sleep 300");
        await _world.SaysAsync(other, "ready");
        var unique = Unique();

        var report = await _world.RunAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, script, unique));

        Assert.Equal(BackendState.Succeeded, report.State);
        await GoneAsync(unique);
        Assert.Equal(BackendState.Running, (await _world.StatusAsync(other)).State);
    }

    [Fact]
    public async Task Guarantee31_DaemonOfARunningJob_IsLeftAloneWhileOthersEnd()
    {
        var unique = Unique();
        var job = await _world.StartAsync($"env -i setsid -f /bin/sh -c 'cd /; while :; do /bin/sleep {unique}; done' >/dev/null 2>&1 </dev/null; echo ready; sleep 300");
        await _world.SaysAsync(job, "ready");
        await ShellWorld.UntilAsync(() => Task.FromResult(ShellWorld.Survivors($"/bin/sleep {unique}").Count > 0));

        for (var i = 0; i < 20; i++)
        {
            await _world.RunAsync("(setsid sleep 60 >/dev/null 2>&1 &) ; true");
        }

        Assert.NotEmpty(ShellWorld.Survivors($"/bin/sleep {unique}"));
        await _world.Adapter.StopAsync(ShellWorld.Ref(job), StopMode.Soft, ShellWorld.Token);
        await _world.EndAsync(job);
        await GoneAsync(unique);
    }

    [Fact]
    public async Task Guarantee31_DaemonThatDroppedItsTagToo_IsGoneWhenTheLastJobIsOver()
    {
        if (!File.Exists("/usr/bin/prlimit"))
        {
            Assert.Skip("prlimit is not installed.");
        }

        var other = await _world.StartAsync("echo ready; sleep 300");
        await _world.SaysAsync(other, "ready");
        var unique = Unique();
        await _world.RunAsync($"env -i setsid -f /usr/bin/prlimit --rttime=7: /bin/sh -c 'cd /; while :; do /bin/sleep {unique}; done' >/dev/null 2>&1 </dev/null");

        await _world.Adapter.StopAsync(ShellWorld.Ref(other), StopMode.Hard, ShellWorld.Token);
        await _world.EndAsync(other);

        await GoneAsync(unique);
    }

    [Fact]
    public async Task Guarantee31_HostIsKilled_TheNextOneKillsDaemonsToo()
    {
        var unique = Unique();
        await _world.StartAsync($"env -i setsid -f /bin/sh -c 'cd /; while :; do /bin/sleep {unique}; done' >/dev/null 2>&1 </dev/null; sleep 300");
        await ShellWorld.UntilAsync(() => Task.FromResult(ShellWorld.Survivors($"/bin/sleep {unique}").Count > 0));
        var host = _world.Adapter.HostPid;

        ShellWorld.KillHost(host, hard: true);
        await ShellWorld.GoneAsync(host);
        await _world.RestartServerAsync();
        await _world.RunAsync("true");

        await GoneAsync(unique);
    }

    private static string Unique() => $"0.{Random.Shared.Next(100_000_000, 999_999_999)}";

    private static async Task GoneAsync(string unique)
    {
        await ShellWorld.UntilAsync(() => Task.FromResult(ShellWorld.Survivors(unique).Count == 0), () => "it survived", seconds: 10);
        Assert.Empty(ShellWorld.Survivors(unique));
    }
}
