using System.Globalization;
using System.Runtime.InteropServices;
using Ascob.Server.Configuration;

namespace Ascob.Server.Cli.Doctor;

/// <summary>Looks at this machine.</summary>
internal static class LocalChecks
{
    private const long FewBytes = 1L << 30;
    private const long TooFewBytes = 100L << 20;
    private const int OldestRuntime = 10;

    /// <summary>Looks at the runtime that the server would run on.</summary>
    public static DoctorCheck Runtime(Version version) => version.Major >= OldestRuntime
        ? DoctorCheck.Ok("runtime", RuntimeInformation.FrameworkDescription)
        : DoctorCheck.Fail("runtime", $".NET {version} is too old", $"install the .NET {OldestRuntime} runtime");

    /// <summary>Looks at the data directory: whether it can be written to, and how much room there is.</summary>
    public static IEnumerable<DoctorCheck> DataDirectory(string directory)
    {
        const string mend = "set Ascob:DataDirectory to a directory that the server's user may write to";
        DoctorCheck written;
        try
        {
            PrivateDirectory.Create(directory);
            using var probe = new FileStream(
                Path.Combine(directory, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            written = DoctorCheck.Ok("data directory", $"{directory} can be written to");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            written = DoctorCheck.Fail("data directory", $"{directory}: {CliText.Plain(e.Message)}", mend);
        }

        yield return written;
        if (written.Verdict == Verdict.Ok)
        {
            yield return Room(directory, FreeBytes(directory));
        }
    }

    /// <summary>Judges the free room of the data directory.</summary>
    internal static DoctorCheck Room(string directory, long? free)
    {
        const string mend = "free space, shorten Ascob:Retention:Runs, or move Ascob:DataDirectory";
        return free switch
        {
            null => DoctorCheck.Skip("disk", $"the free room of {directory} is not known"),
            < TooFewBytes => DoctorCheck.Fail("disk", $"{Size(free.Value)} free in {directory}", mend),
            < FewBytes => DoctorCheck.Warn("disk", $"{Size(free.Value)} free in {directory}", mend),
            _ => DoctorCheck.Ok("disk", $"{Size(free.Value)} free in {directory}"),
        };
    }

    private static long? FreeBytes(string directory)
    {
        try
        {
            // The drive with the longest matching root: a mount below another one is its own file system.
            var full = Path.GetFullPath(directory) + Path.DirectorySeparatorChar;
            return DriveInfo.GetDrives()
                .Where(d => d.IsReady && full.StartsWith(d.RootDirectory.FullName.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                .OrderByDescending(d => d.RootDirectory.FullName.Length)
                .Select(d => (long?)d.AvailableFreeSpace)
                .FirstOrDefault();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Size(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F1} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}
