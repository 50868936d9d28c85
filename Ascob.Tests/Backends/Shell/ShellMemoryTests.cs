using Ascob.Backends.Shell;
using Ascob.Backends.Shell.Host;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellMemoryTests : IAsyncLifetime
{
    private readonly ShellWorld _world = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Kuroko2_behaviour_57_the_most_memory_of_a_jobs_processes_together_is_reported_and_kept()
    {
        // Two processes hold 40 MB each until they have been looked at.
        var job = await _world.StartAsync("hold() { { head -c 40000000 /dev/zero; sleep 2; } | tail -c 40000000 > /dev/null; }; hold & hold & wait");

        var report = await _world.EndAsync(job);

        Assert.InRange(report.MaxMemoryKb ?? 0, 78_000, 300_000);
        Assert.Equal(report.MaxMemoryKb, JobJournal.TryRead(job.Marker, _world.RunDirectoryOf(job))!.MaxMemoryKb);
    }

    [Fact]
    public async Task A_job_that_is_over_at_once_has_no_figure()
    {
        Assert.Null((await _world.RunAsync("true")).MaxMemoryKb);
    }

    [Fact]
    public void Looks_become_rarer_as_a_job_grows_old()
    {
        Assert.Equal([1, 1, 4, 9, 16, 1_764, 1_800, 1_800], new[] { 0, 1, 2, 3, 4, 42, 43, 1_000_000 }.Select(n => MemorySampler.PauseAfter(n).TotalSeconds));
    }
}
