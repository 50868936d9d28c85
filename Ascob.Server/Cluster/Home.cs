using Ascob.Server.Configuration;

namespace Ascob.Server.Cluster;

/// <summary>
/// Names a data directory once and for all, in a file there. The hold on the directory lets one process at a time use it, so a member of the same name and home is the next life of the one before.
/// </summary>
internal static class Home
{
    private const string FileName = "home.id";
    private const string LifeFileName = "home.life";

    /// <summary>Answers the name, made at the first call.</summary>
    /// <exception cref="IOException">The directory refuses it.</exception>
    public static string Of(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } known)
        {
            return known;
        }

        var made = Guid.NewGuid().ToString("N");
        var whole = $"{path}.{made}";
        PrivateDirectory.Create(dataDirectory);
        File.WriteAllText(whole, made);
        File.Move(whole, path, overwrite: true);
        return made;
    }

    /// <summary>
    /// Notes which life uses the directory. Where the note was written on this machine since it started, in this very directory, that life is over: the hold on the directory proves it. In a copy it proves nothing.
    /// </summary>
    public static void Remember(string dataDirectory, string instance) => File.WriteAllText(Path.Combine(dataDirectory, LifeFileName), $"{instance}\n{Here(dataDirectory)}");

    /// <summary>Answers whether a life is known to be the one before, on this machine and in this directory.</summary>
    public static bool IsTheOneBefore(string dataDirectory, string instance)
    {
        var path = Path.Combine(dataDirectory, LifeFileName);
        return File.Exists(path) && File.ReadAllText(path) == $"{instance}\n{Here(dataDirectory)}";
    }

    // A copy of a directory was made later than it, and another machine has started at another time.
    private static string Here(string dataDirectory)
    {
        const string BootId = "/proc/sys/kernel/random/boot_id";
        var boot = File.Exists(BootId) ? File.ReadAllText(BootId).Trim() : Guid.NewGuid().ToString("N");
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{boot} {File.GetCreationTimeUtc(Path.Combine(dataDirectory, FileName)).Ticks} {Path.GetFullPath(dataDirectory)}");
    }
}
