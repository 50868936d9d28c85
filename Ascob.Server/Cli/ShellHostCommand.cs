using System.Globalization;
using Ascob.Backends.Shell.Host;

namespace Ascob.Server.Cli;

/// <summary>
/// <c>shell-host --directory D [--idle-exit SECONDS]</c>: the process that owns the jobs of the shell backends. Started by the server, not by people.
/// </summary>
internal static class ShellHostCommand
{
    private const int UsageExitCode = 64;

    public static Task<int> RunAsync(string[] args)
    {
        string? directory = null;
        var idleExit = TimeSpan.FromMinutes(5);
        for (var i = 1; i < args.Length; i += 2)
        {
            switch (args[i])
            {
                case "--directory" when i + 1 < args.Length:
                    directory = args[i + 1];
                    break;
                case "--idle-exit" when i + 1 < args.Length
                    && double.TryParse(args[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1_000_000:
                    idleExit = TimeSpan.FromSeconds(seconds);
                    break;
                default:
                    return UsageAsync();
            }
        }

        return directory is null ? UsageAsync() : ShellHostProgram.RunAsync(Path.GetFullPath(directory), idleExit);
    }

    private static async Task<int> UsageAsync()
    {
        await Console.Error.WriteLineAsync("usage: shell-host --directory <directory> [--idle-exit <seconds>]");
        return UsageExitCode;
    }
}
