using Ascob.Server.Configuration;

namespace Ascob.Server.Cluster;

/// <summary>
/// Names a data directory once and for all, in a file there. The hold on the directory lets one process at a time use it, so a member of the same name and home is the next life of the one before.
/// </summary>
internal static class Home
{
    private const string FileName = "home.id";

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
}
