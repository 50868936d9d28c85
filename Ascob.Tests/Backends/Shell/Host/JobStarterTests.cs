using Ascob.Backends.Shell.Host;
using Ascob.Backends.Shell.Link;
using Ascob.Core.Timing;

namespace Ascob.Tests.Backends.Shell.Host;

public sealed class JobStarterTests
{
    [Fact]
    public async Task Start_WhenTheOutputCannotBeWatched_StartsNoProcess()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("The shell backend runs on Linux only.");
        }

        var backend = Directory.CreateTempSubdirectory("ascob-start-").FullName;
        var clock = new MonotonicClock(TimeProvider.System);
        var owners = new JobOwners();
        var children = new ChildTable(clock, owners);
        var finisher = new JobFinisher(clock, children, owners, new JobProcesses(children, owners), static _ => { });
        var pump = new OutputPump(clock, finisher.NoteDone);

        // As where the system has no watch left: every registration is refused.
        pump.Dispose();
        var starter = new JobStarter(children, pump, finisher, new RunDirectoryPool(), new MemorySampler(clock, static () => []));
        var directory = Path.Combine(backend, "runs", "ascob-1");
        Directory.CreateDirectory(Path.Combine(backend, "runs"));
        var start = new StartJob("ascob-1", directory, "/bin/sh", ["/bin/sh", "-c", "sleep 60"], [], [], [], 1 << 20);
        var job = new HostJob(start);

        new Thread(starter.Run) { IsBackground = true }.Start();
        starter.Take(job, start);
        var refusal = await job.Started.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.NotNull(refusal);
        Assert.Equal(0, job.Pid);
        Assert.False(Directory.Exists(directory));
        Directory.Delete(backend, recursive: true);
    }
}
