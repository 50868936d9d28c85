using Ascob.Core.Jobs;

namespace Ascob.Backends.Shell;

/// <summary>The account that a job asks to run as. Jobs run as the server's own; another one is refused in plain words, never left out quietly.</summary>
internal static class ShellAccount
{
    private const string Accounts = "/etc/passwd";
    private const string Groups = "/etc/group";

    /// <summary>Answers why a job cannot have the account it asks for; null where it has it.</summary>
    public static string? Problem(JobSpec spec)
    {
        if (spec.Label(ShellJobRules.User) is { } user && !IsOwn(user, Accounts, own: Environment.UserName, number: UserNumber()))
        {
            return $"The job must run as the user '{user}', but this server runs as '{Environment.UserName}' and does not change accounts. Run a worker as '{user}' for it.";
        }

        return spec.Label(ShellJobRules.Group) is { } group && !IsOwn(group, Groups, own: null, number: GroupNumber())
            ? $"The job must run as the group '{group}', which is not the group of this server, and the server does not change accounts. Run a worker with that group for it."
            : null;
    }

    private static bool IsOwn(string wanted, string file, string? own, string? number)
    {
        if (wanted == own || wanted == number)
        {
            return true;
        }

        return number is not null && File.Exists(file)
            && File.ReadLines(file).Select(l => l.Split(':')).Any(f => f.Length > 2 && f[0] == wanted && f[2] == number);
    }

    private static string? UserNumber() => OfStatus("Uid:");

    private static string? GroupNumber() => OfStatus("Gid:");

    // The effective one is the second of the line.
    private static string? OfStatus(string key) => File.Exists("/proc/self/status")
        ? File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split('\t', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(2)
        : null;
}
