using Ascob.Backends.Shell.Native;

namespace Ascob.Backends.Shell;

/// <summary>Finds the program that <c>shell_executable</c> names, and nothing outside the allowed directory.</summary>
internal static class ExecutablePath
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Answers what is wrong with a name; null when it may be looked for.</summary>
    public static string? CheckName(string name) =>
        Path.IsPathRooted(name) || name.Any(c => c == '\\' || char.IsControl(c)) || name.Split('/').Any(part => part is "" or "." or "..")
            ? "The program must be named by its path below the backend's ExecutablesDirectory, without '..' and not from the root."
            : null;

    /// <summary>Answers the program's real file.</summary>
    /// <param name="error">Why there is none; null on success.</param>
    public static string? Resolve(string directory, string name, out string? error)
    {
        error = CheckName(name);
        if (error is not null)
        {
            return null;
        }

        var root = RealPath.TryResolve(directory);
        var file = root is null ? null : RealPath.TryResolve(Path.Combine(root, name));
        if (root is null || file is null || !File.Exists(file))
        {
            error = $"There is no program '{name}' in the backend's ExecutablesDirectory.";
        }
        else if (!file.StartsWith(root.TrimEnd('/') + '/', StringComparison.Ordinal))
        {
            error = $"The program '{name}' is a link that leads out of the backend's ExecutablesDirectory.";
        }
        else if (OperatingSystem.IsLinux() && (File.GetUnixFileMode(file) & AnyExecute) == 0)
        {
            error = $"The program '{name}' is not executable.";
        }

        return error is null ? file : null;
    }
}
