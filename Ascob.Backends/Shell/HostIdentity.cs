namespace Ascob.Backends.Shell;

/// <summary>
/// Names the shell host of one data directory for all servers on the same database: the name of the server that made it and a random part, in a file there. Each server asks its own host only,
/// so it must know which jobs are that one's.
/// </summary>
internal sealed class HostIdentity(string root, string serverName)
{
    private const string FileName = "host.id";

    private readonly Lock _gate = new();
    private string? _value;

    /// <summary>Gets the name; null where the data directory refuses it, and then no host can be started there either.</summary>
    public string? Value
    {
        get
        {
            if (Volatile.Read(ref _value) is { } known)
            {
                return known;
            }

            lock (_gate)
            {
                return _value ??= TryKeep($"{serverName}:{Guid.NewGuid():N}");
            }
        }
    }

    /// <summary>Writes the name again where somebody has deleted the directory: what was started under it stays this host's.</summary>
    public void Keep()
    {
        if (Value is { } value)
        {
            TryKeep(value);
        }
    }

    /// <summary>Says whose host it is, for people.</summary>
    public static string Describe(string host) => $"on the shell host of server '{host[..Math.Max(host.LastIndexOf(':'), 0)]}' ({host})";

    // Answers what the file says in the end: another process may be faster.
    private string? TryKeep(string value)
    {
        var path = Path.Combine(root, FileName);
        try
        {
            if (!File.Exists(path))
            {
                if (OperatingSystem.IsLinux())
                {
                    Directory.CreateDirectory(root, RunDirectory.Private);
                }

                var whole = $"{path}.{Guid.NewGuid():N}";
                File.WriteAllText(whole, value);
                try
                {
                    File.Move(whole, path);
                }
                catch (IOException) when (File.Exists(path))
                {
                    File.Delete(whole);
                }
            }

            return File.ReadAllText(path).Trim() is { Length: > 0 } stored ? stored : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
