using System.Collections.Concurrent;
using Ascob.Backends.Shell.Host;
using Ascob.Backends.Shell.Link;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Timing;

namespace Ascob.Tests.Backends.Shell.Host;

public sealed class MemorySamplerTests
{
    [Fact]
    public async Task Look_WhenTheProcessesCannotBeRead_IsMadeUpForAndEndsNothing()
    {
        var looks = new ConcurrentQueue<int>();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sampler = new MemorySampler(new MonotonicClock(TimeProvider.System), Read);
        var job = new HostJob(new StartJob("ascob-1", "/nowhere", "/bin/sh", ["/bin/sh"], [], [], [], 1 << 20));
        job.NoteStarted(4_711, 1, 1);
        new Thread(Run) { IsBackground = true }.Start();

        sampler.Watch(job);
        var first = await Task.WhenAny(read.Task, ended.Task).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.True(first == read.Task, $"The thread ended after {looks.Count} looks: {ended.Task.Exception?.InnerException?.Message}");
        await Robustness.Http.UntilAsync(() => Task.FromResult(job.Report.MaxMemoryKb > 0), TimeSpan.FromSeconds(30));
        Assert.Equal(3 * Environment.SystemPageSize / 1024, job.Report.MaxMemoryKb);

        IReadOnlyList<ProcessInfo> Read()
        {
            looks.Enqueue(1);
            switch (looks.Count)
            {
                case 1:
                    throw new IOException("Too many open files : '/proc'");
                case 2:
                    throw new UnauthorizedAccessException("/proc");
                default:
                    read.TrySetResult();
                    return [new ProcessInfo(4_711, 'R', 1, 4_711, 4_711, 1, 3)];
            }
        }

        void Run()
        {
            try
            {
                sampler.Run();
            }
            catch (Exception e)
            {
                ended.TrySetException(e);
            }
        }
    }
}
