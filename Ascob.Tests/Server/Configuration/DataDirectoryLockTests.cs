using Ascob.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Server.Configuration;

public sealed class DataDirectoryLockTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-lock-").FullName;

    [Fact]
    public void Take_WhenAnotherServerHoldsTheDirectory_RefusesAndNamesTheKey()
    {
        using var first = Lock();
        using var second = Lock();
        first.Take();

        var error = Assert.Throws<DataDirectoryInUseException>(second.Take);

        Assert.Contains("Ascob:DataDirectory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_WhenTheOtherServerHasEnded_Succeeds()
    {
        var first = Lock();
        first.Take();
        first.Dispose();
        using var second = Lock();

        second.Take();

        Assert.True(File.Exists(Path.Combine(_directory, "server.lock")));
    }

    [Fact]
    public void Take_WhenRepeated_DoesNothing()
    {
        using var held = Lock();
        held.Take();

        held.Take();

        Assert.Throws<DataDirectoryInUseException>(() =>
        {
            using var other = Lock();
            other.Take();
        });
    }

    [Fact]
    public void Take_WhenTheDirectoryIsNew_MakesItForItsOwnerAlone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        var directory = Path.Combine(_directory, "data");
        using var held = new DataDirectoryLock(Options.Create(new AscobOptions { DataDirectory = directory }));

        held.Take();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
    }

    [Fact]
    public void Take_WhenTheDirectoryIsThere_LeavesItsModeAsItIs()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        const UnixFileMode shared = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        File.SetUnixFileMode(_directory, shared);
        using var held = Lock();

        held.Take();

        Assert.Equal(shared, File.GetUnixFileMode(_directory));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private DataDirectoryLock Lock() => new(Options.Create(new AscobOptions { DataDirectory = _directory }));
}
