namespace Ascob.Server.Configuration;

/// <summary>Directories that only the server's user may enter.</summary>
internal static class PrivateDirectory
{
    /// <summary>Makes a directory where there is none; one that is there stays as its owner wants it.</summary>
    public static DirectoryInfo Create(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
