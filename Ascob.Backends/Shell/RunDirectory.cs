using System.Security.Cryptography;
using System.Text;

namespace Ascob.Backends.Shell;

/// <summary>The names inside the directory of one run: <c>runs/&lt;marker&gt;</c> below the backend's own.</summary>
internal static class RunDirectory
{
    public const string Work = "work";
    public const string Files = "files";
    public const string Journal = "journal";

    /// <summary>Stands beside the runs' directories: where a run without input files looks for them.</summary>
    public const string NoFiles = "no-files";

    // A file system takes 255 bytes; a shortened name is a little longer than this.
    private const int LongestFileName = 180;

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

    /// <summary>
    /// Makes the name under which an input file is put before the job: the given one where it can stand in a directory, else with <c>%</c> and the hexadecimal bytes of what cannot. Different
    /// names stay different, whatever other files there are, so that a job never reads one file for another.
    /// </summary>
    public static string SafeFileName(string given)
    {
        var name = new StringBuilder(given.Length);
        for (var i = 0; i < given.Length; i += Rune.GetRuneAt(given, i).Utf16SequenceLength)
        {
            var rune = Rune.GetRuneAt(given, i);
            if (IsPlain(given, i, rune))
            {
                name.Append(rune);
            }
            else
            {
                AppendEscaped(name, rune);
            }
        }

        if (name.Length == 0)
        {
            name.Append('_');
        }

        var text = name.ToString();
        return Encoding.UTF8.GetByteCount(text) <= LongestFileName ? text : Shorten(text);
    }

    private static bool IsPlain(string given, int at, Rune rune) => rune.Value switch
    {
        '/' or '\\' => false,

        // A name that begins so is taken for an option, or is hidden.
        '-' or '.' => at > 0,

        // Only what would look escaped.
        '%' => !(at + 2 < given.Length && char.IsAsciiHexDigit(given[at + 1]) && char.IsAsciiHexDigit(given[at + 2])),
        _ => rune.IsBmp && !Rune.IsControl(rune),
    };

    private static void AppendEscaped(StringBuilder name, Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var one in bytes[..rune.EncodeToUtf8(bytes)])
        {
            name.Append('%').Append(Convert.ToHexString([one]));
        }
    }

    // Longer than any name that was not shortened, so the two kinds cannot meet.
    private static string Shorten(string name)
    {
        var length = 0;
        var bytes = 0;
        while (bytes < LongestFileName - 60)
        {
            bytes += Encoding.UTF8.GetByteCount(name.AsSpan(length++, 1));
        }

        return string.Concat(name.AsSpan(0, length), "~", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name))));
    }
}
