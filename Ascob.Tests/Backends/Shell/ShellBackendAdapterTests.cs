using Ascob.Core.Backends;
using Ascob.Core.Output;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellBackendAdapterTests : IAsyncLifetime
{
    private readonly ShellWorld _world = new(("StopGrace", "00:00:01"));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Submit_WhenCommandSucceeds_ReportsSucceededWithBothOutputs()
    {
        var job = await _world.StartAsync("echo out; echo err >&2");

        var report = await _world.EndAsync(job);

        Assert.Equal(BackendState.Succeeded, report.State);
        Assert.Equal(0, report.ExitCode);
        Assert.NotNull(report.StartedAt);
        Assert.Equal("out\n", await _world.OutputAsync(job, OutputChannel.Stdout));
        Assert.Equal("err\n", await _world.OutputAsync(job, OutputChannel.Stderr));
        Assert.Equal(["err", "out"], (await _world.OutputAsync(job)).Trim().Split('\n').Order());
    }

    [Fact]
    public async Task Submit_WhenCommandAlternatesSlowly_CombinedKeepsTheOrder()
    {
        // The job goes on when its last line has been taken: how slowly that is does not matter.
        var job = await _world.StartAsync(
            "step() { until [ -e \"step-$1\" ]; do sleep 0.01; done; }; for i in 1 2 3 4; do echo o$i; step o$i; echo e$i >&2; step e$i; done");
        foreach (var line in (string[])["o1", "e1", "o2", "e2", "o3", "e3", "o4", "e4"])
        {
            await _world.SaysAsync(job, line + "\n");
            await File.WriteAllTextAsync(Path.Combine(_world.RunDirectoryOf(job), "work", "step-" + line), string.Empty, TestContext.Current.CancellationToken);
        }

        await _world.EndAsync(job);

        Assert.Equal("o1\ne1\no2\ne2\no3\ne3\no4\ne4\n", await _world.OutputAsync(job));
    }

    [Fact]
    public async Task Submit_WhenCommandFails_ReportsExitCode()
    {
        var report = await _world.RunAsync("exit 3");

        Assert.Equal(BackendState.Failed, report.State);
        Assert.Equal(3, report.ExitCode);
        Assert.Equal("exit code 3", report.Reason);
    }

    [Fact]
    public async Task Submit_WhenKilledBySignal_ReportsSignal()
    {
        var report = await _world.RunAsync("kill -9 $$");

        Assert.Equal(BackendState.Failed, report.State);
        Assert.Equal("killed by signal 9 (SIGKILL)", report.Reason);
        Assert.Equal(137, report.ExitCode);
    }

    [Fact]
    public async Task Submit_WhenChildWritesToClosedPipe_DiesOfSigpipe()
    {
        // .NET ignores SIGPIPE and its children inherit that; then "yes | head" never ends in a pipeline that looks at its status.
        var job = await _world.StartAsync("bash -c 'yes | head -1; echo ${PIPESTATUS[0]}' 2>/dev/null || echo 141");

        await _world.EndAsync(job);

        Assert.EndsWith("141\n", await _world.OutputAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenMarkerIsKnown_AnswersTheSameJob()
    {
        var job = _world.Job(ShellWorld.Command("echo x >> ../../../count; sleep 0.2"));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _world.Adapter.SubmitAsync(job, ShellWorld.Token)));
        await _world.EndAsync(job);
        var late = await _world.Adapter.SubmitAsync(job, ShellWorld.Token);

        Assert.All(outcomes.Append(late), o => Assert.Equal(outcomes[0].Keys["pid"], o.Keys["pid"]));
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_world.DataDirectory, "shell", "shell", "count"), ShellWorld.Token));
        Assert.Equal(BackendState.Succeeded, late.Report!.State);
    }

    [Fact]
    public async Task Find_WhenMarkerIsUnknown_IsCertain()
    {
        var found = await _world.Adapter.FindAsync(_world.Job(ShellWorld.Command("true")), ShellWorld.Token);

        Assert.Equal(FindOutcomeKind.NotFound, found.Kind);
        Assert.True(found.Certain);
    }

    [Fact]
    public async Task Find_WhenMarkerIsKnown_AnswersKeys()
    {
        var job = await _world.StartAsync("true");

        var found = await _world.Adapter.FindAsync(job, ShellWorld.Token);

        Assert.Equal(FindOutcomeKind.Found, found.Kind);
        Assert.True(found.Keys!.ContainsKey("pid") && found.Keys.ContainsKey("startTime"));
    }

    [Fact]
    public async Task Changes_WhenJobEnds_TellsMarker()
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ShellWorld.Token);
        await _world.Adapter.CheckHealthAsync(ShellWorld.Token);
        var first = Task.Run(
            async () =>
            {
                await foreach (var marker in _world.Adapter.ChangesAsync(over.Token))
                {
                    return marker;
                }

                return null;
            },
            over.Token);

        var job = await _world.StartAsync("sleep 0.3");

        Assert.Equal(job.Marker, await first.WaitAsync(TimeSpan.FromSeconds(20), ShellWorld.Token));
    }

    [Fact]
    public async Task CleanUp_WhenJobHasEnded_RemovesItsDirectory()
    {
        var job = await _world.StartAsync("echo x > file");
        await _world.EndAsync(job);

        await _world.Adapter.CleanUpAsync(ShellWorld.Ref(job), ShellWorld.Token);
        await _world.Adapter.CleanUpAsync(ShellWorld.Ref(job), ShellWorld.Token);

        Assert.False(Directory.Exists(_world.RunDirectoryOf(job)));
    }

    [Fact]
    public async Task CleanUp_WhenDirectoryIsUsedAgain_NothingOfTheFirstRunShowsInTheSecond()
    {
        for (var round = 0; round < 6; round++)
        {
            var job = await _world.StartAsync(round % 2 == 0 ? "ls -A; echo first; echo err >&2; exit 9" : "ls -A; echo x > left; ln -s / link; mkfifo fifo; chmod 777 .");
            await _world.EndAsync(job);
            var text = await _world.OutputAsync(job, OutputChannel.Stdout);
            var errors = await _world.OutputAsync(job, OutputChannel.Stderr);
            await _world.Adapter.CleanUpAsync(ShellWorld.Ref(job), ShellWorld.Token);

            Assert.Equal(round % 2 == 0 ? "first\n" : string.Empty, text);
            Assert.Equal(round % 2 == 0 ? "err\n" : string.Empty, errors);
            Assert.Equal(BackendState.NotFound, (await _world.StatusAsync(job)).State);
        }
    }

    [Fact]
    public async Task Submit_WhenStarted_RunsInItsOwnPrivateDirectoryAndSession()
    {
        var job = await _world.StartAsync("pwd; stat -c %a .; ps -o pid=,pgid=,sid= -p $$ 2>/dev/null || cut -d' ' -f1,5,6 /proc/$$/stat");
        await _world.EndAsync(job);

        var lines = (await _world.OutputAsync(job)).Trim().Split('\n');

        Assert.Equal(Path.Combine(_world.RunDirectoryOf(job), "work"), lines[0]);
        Assert.Equal("700", lines[1]);
        Assert.Single(lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct());
    }
}
