namespace Ascob.Backends.Shell;

/// <summary>The names inside the directory of one run: <c>runs/&lt;marker&gt;</c> below the backend's own.</summary>
internal static class RunDirectory
{
    public const string Work = "work";
    public const string Files = "files";
    public const string Journal = "journal";

    /// <summary>Stands beside the runs' directories: where a run without input files looks for them.</summary>
    public const string NoFiles = "no-files";

    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Answers where the shell backend of a server keeps everything.</summary>
    public static string Root(string dataDirectory) => Path.Combine(dataDirectory, "shell");

    /// <summary>Answers the directory of a run. A marker is generated and harmless; one that is not is refused, for it would lead elsewhere.</summary>
    public static string Of(string dataDirectory, string backendId, string marker) =>
        IsSafeName(marker)
            ? Path.Combine(Root(dataDirectory), backendId, "runs", marker)
            : throw new ArgumentException("A marker holds letters, digits, '-', '_' and '.' only.", nameof(marker));

    /// <summary>Answers whether a text may be a name in a path.</summary>
    public static bool IsSafeName(string name) =>
        name.Length is > 0 and <= 200 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Makes the name under which an input file is put before the job. Two names may come out alike; the caller numbers them.</summary>
    public static string SafeFileName(string given)
    {
        var name = string.Concat(given.Select(c => c is '/' or '\\' || char.IsControl(c) || char.IsSurrogate(c) ? '_' : c));
        if (name.Length == 0 || name[0] is '-' or '.')
        {
            name = '_' + name;
        }

        // A name may be 255 bytes long; a character takes at most three here, and a number may follow.
        return name.Length <= 80 ? name : name[..60] + name[^20..];
    }
}
