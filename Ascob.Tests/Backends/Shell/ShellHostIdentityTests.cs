using Ascob.Core.Backends;
using Ascob.Core.Output;

namespace Ascob.Tests.Backends.Shell;

/// <summary>Two servers on one database, each with its own data directory and so its own shell host.</summary>
public sealed class ShellHostIdentityTests : IAsyncLifetime
{
    private readonly ShellWorld _world = new();
    private readonly ShellWorld _other = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Fact]
    public async Task JobOfAnotherHost_IsUnreachableAndNeverLost()
    {
        var job = _world.Job(ShellWorld.Command("echo ready; sleep 300"));
        var accepted = await _world.Adapter.SubmitAsync(job, ShellWorld.Token);
        var run = new BackendRunRef(job.RunId, job.Marker, accepted.Keys);

        var report = Assert.Single(await _other.Adapter.GetStatusesAsync([run], ShellWorld.Token));
        var stop = await _other.Adapter.StopAsync(run, StopMode.Hard, ShellWorld.Token);

        Assert.Equal((BackendState.Unreachable, true), (report.State, report.Elsewhere));
        Assert.Contains($"on the shell host of server '{Environment.MachineName}' ({_world.Adapter.Place})", report.Reason, StringComparison.Ordinal);
        Assert.Equal((false, report.Reason), (stop.Asked, stop.Reason));
        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => _other.Adapter.ReadOutputAsync(run, OutputChannel.Combined, 0, 100, ShellWorld.Token));
        await Assert.ThrowsAsync<IOException>(() => _other.Adapter.CleanUpAsync(run, ShellWorld.Token));
        Assert.Equal(BackendState.Running, Assert.Single(await _world.Adapter.GetStatusesAsync([run], ShellWorld.Token)).State);
    }

    [Fact]
    public async Task JobThatAnotherHostMayHave_IsNeitherStartedNorSaidToBeMissing()
    {
        var job = _world.Job(ShellWorld.Command("true")) with { IntentPlace = _world.Adapter.Place };

        var resent = await _other.Adapter.SubmitAsync(job, ShellWorld.Token);
        var found = await _other.Adapter.FindAsync(job, ShellWorld.Token);
        var foundHere = await _world.Adapter.FindAsync(job, ShellWorld.Token);

        Assert.Equal(SubmitOutcomeKind.Unknown, resent.Kind);
        Assert.Equal(FindOutcomeKind.Failed, found.Kind);
        Assert.Equal((FindOutcomeKind.NotFound, true), (foundHere.Kind, foundHere.Certain));
        Assert.False(Directory.Exists(_other.RunDirectoryOf(job)));
    }

    [Fact]
    public async Task Place_OutlivesTheServerAndTheLossOfItsDirectory()
    {
        var place = _world.Adapter.Place;
        await _world.RunAsync("true");
        await _world.RestartServerAsync();
        Assert.Equal(place, _world.Adapter.Place);
        var host = _world.Adapter.HostPid;
        var shell = Path.Combine(_world.DataDirectory, "shell");
        Directory.Move(shell, shell + "-gone");
        await ShellWorld.UntilAsync(async () => (await _world.Adapter.SubmitAsync(_world.Job(ShellWorld.Command("true")), ShellWorld.Token)).Kind == SubmitOutcomeKind.Accepted
            && _world.Adapter.HostPid != host && Directory.Exists(shell));

        Assert.Equal(place, await File.ReadAllTextAsync(Path.Combine(shell, "host.id"), ShellWorld.Token));
        Assert.NotEqual(place, _other.Adapter.Place);
        Assert.StartsWith(Environment.MachineName + ":", place, StringComparison.Ordinal);
    }
}
