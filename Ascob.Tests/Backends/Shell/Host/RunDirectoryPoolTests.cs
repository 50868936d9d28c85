using Ascob.Backends.Shell;
using Ascob.Backends.Shell.Host;

namespace Ascob.Tests.Backends.Shell.Host;

public sealed class RunDirectoryPoolTests : IDisposable
{
    private readonly string _backend = Directory.CreateTempSubdirectory("ascob-pool-").FullName;

    public void Dispose() => Assert.True(StubbornTree.TryDelete(_backend));

    [Fact]
    public void Give_WhenDeletionFails_IsStillOutOfTheWayAndTheNextHostWorks()
    {
        var run = NewRun("first");
        Directory.CreateDirectory(Path.Combine(run, "work", "x"));
        var pool = new RunDirectoryPool(static _ => false);

        var given = pool.TryGive(run);
        var next = new RunDirectoryPool(static _ => false);

        Assert.True(given);
        Assert.False(Directory.Exists(run));
        Assert.False(next.TryTake(Path.Combine(_backend, "runs", "second")));
        Assert.True(next.TryGive(NewRun("third")));
        Assert.True(next.TryTake(Path.Combine(_backend, "runs", "fourth")));
    }

    [Fact]
    public void Give_WhenThePoolCannotBeMade_DeletesInPlace()
    {
        File.WriteAllText(Path.Combine(_backend, "pool"), "in the way");
        var run = NewRun("first");

        Assert.True(new RunDirectoryPool().TryGive(run));

        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public async Task Pool_OfAnEarlierHost_IsDeletedByTheNext()
    {
        var left = Path.Combine(_backend, "pool", "7");
        Directory.CreateDirectory(Path.Combine(left, "work", "x"));

        Assert.False(new RunDirectoryPool().TryTake(Path.Combine(_backend, "runs", "first")));

        await ShellWorld.UntilAsync(() => Task.FromResult(!Directory.Exists(left)), () => "the old pool stayed", seconds: 10);
        Assert.Single(Directory.GetDirectories(Path.Combine(_backend, "pool")));
    }

    [Fact]
    public void TryDelete_WhenTheTreeIsDeeperThanAPath_DeletesItAndFollowsNoLink()
    {
        var kept = Path.Combine(_backend, "kept");
        Directory.CreateDirectory(kept);
        var top = Directory.CreateDirectory(Path.Combine(_backend, "top")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(top, "link"), kept);
        MakeDeep(top);

        Assert.True(StubbornTree.TryDelete(top));

        Assert.False(Directory.Exists(top));
        Assert.True(Directory.Exists(kept));
    }

    // Built from below, for the same reason for which it is hard to delete.
    private static void MakeDeep(string top)
    {
        var name = new string('d', 200);
        for (var i = 0; i < 40; i++)
        {
            var outer = Directory.CreateDirectory(Path.Combine(top, "outer")).FullName;
            if (Directory.Exists(Path.Combine(top, name)))
            {
                Directory.Move(Path.Combine(top, name), Path.Combine(outer, name));
            }

            Directory.Move(outer, Path.Combine(top, name));
        }
    }

    private string NewRun(string marker)
    {
        var run = Path.Combine(_backend, "runs", marker);
        Directory.CreateDirectory(run);
        Private(Path.Combine(run, RunDirectory.Work));
        File.WriteAllText(Path.Combine(run, RunDirectory.Journal), "ended");
        return run;
    }

    private static void Private(string directory)
    {
        Directory.CreateDirectory(directory);
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(directory, RunDirectory.Private);
        }
    }
}
