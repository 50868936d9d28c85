namespace Ascob.Server.Repository;

/// <summary>The addresses of Git repositories that are understood: <c>https://</c>, <c>http://</c>, <c>ssh://</c>, <c>git://</c>, <c>user@host:path</c>, <c>file://</c> and paths of this machine.</summary>
internal static class GitAddress
{
    private static readonly string[] Schemes = ["https", "http", "ssh", "git", "file"];

    /// <summary>Answers what is wrong with an address; null where nothing is. Never repeats it, for it may hold a secret.</summary>
    public static string? Problem(string value)
    {
        if (string.IsNullOrWhiteSpace(value) || value.Any(char.IsControl) || value.StartsWith('-'))
        {
            return "must be an address or a path of a Git repository";
        }

        if (value.IndexOf("://", StringComparison.Ordinal) is not (> 0 and var colon))
        {
            return Short(value) is { } shortly && shortly.User.Contains(':', StringComparison.Ordinal) ? NoSecret : null;
        }

        var scheme = value[..colon];
        if (!Schemes.Contains(scheme, StringComparer.OrdinalIgnoreCase))
        {
            return $"must begin with one of {string.Join(", ", Schemes.Select(s => $"{s}://"))}, or be user@host:path or a path of this machine";
        }

        // The system's parser takes no blanks in a password, and who reads the rest of it as a path would show it.
        var user = value[(colon + 3)..].Split('/')[0] is var authority && authority.LastIndexOf('@') is >= 0 and var at ? authority[..at] : string.Empty;
        return user.Contains(':', StringComparison.Ordinal) ? NoSecret
            : user.Length > 0 && scheme.StartsWith("http", StringComparison.OrdinalIgnoreCase) ? "must hold neither a user nor a token; use Username with Password, or Token"
            : !Uri.TryCreate(value, UriKind.Absolute, out var url) || (url.Host.Length == 0 && !url.IsFile) ? "must be an address or a path of a Git repository"
            : null;
    }

    /// <summary>Answers the host that is asked; null for a path of this machine.</summary>
    public static string? HostOf(string value) =>
        value.Contains("://", StringComparison.Ordinal) ? Uri.TryCreate(value, UriKind.Absolute, out var url) && !url.IsFile ? url.Host : null : Short(value)?.Host;

    /// <summary>Answers whether the host is reached by SSH.</summary>
    public static bool IsSsh(string value) => value.StartsWith("ssh://", StringComparison.OrdinalIgnoreCase) || Short(value) is not null;

    /// <summary>Answers the path on this machine; null for a repository elsewhere.</summary>
    public static string? PathOf(string value) =>
        value.StartsWith("file://", StringComparison.OrdinalIgnoreCase) ? Uri.TryCreate(value, UriKind.Absolute, out var url) ? url.LocalPath : null
        : value.Contains("://", StringComparison.Ordinal) || Short(value) is not null ? null
        : value;

    private const string NoSecret = "must not hold a password; use Username with Password or Token";

    // user@host:path, as ssh and git write it; a path that holds an @ has a / before it.
    private static (string User, string Host)? Short(string value)
    {
        if (value.Contains("://", StringComparison.Ordinal))
        {
            return null;
        }

        var at = value.IndexOf('@', StringComparison.Ordinal);
        var colon = at < 0 ? -1 : value.IndexOf(':', at);
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return at > 0 && colon > at + 1 && (slash < 0 || slash > colon) ? (value[..at], value[(at + 1)..colon]) : null;
    }
}
