namespace Ascob.Server.Persistence;

/// <summary>Makes directories that only the server's own user may look into.</summary>
internal static class PrivateDirectory
{
    public static DirectoryInfo Create(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
