namespace Ascob.Backends.Shell.Host;

/// <summary>The entry of the shell host process, for the executable that carries its verb.</summary>
public static class ShellHostProgram
{
    /// <summary>The name of the verb.</summary>
    public const string Verb = "shell-host";

    /// <summary>Runs the host of one directory until nobody needs it.</summary>
    /// <param name="directory">The directory of the shell backends: <c>shell</c> below the server's data directory.</param>
    /// <param name="idleExit">How long it stays without a server and without a job.</param>
    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunAsync(string directory, TimeSpan idleExit)
    {
        if (!OperatingSystem.IsLinux())
        {
            await Console.Error.WriteLineAsync(ShellBackendType.NotLinux);
            return 1;
        }

        Directory.CreateDirectory(directory, RunDirectory.Private);
        return await new ShellHost(directory, idleExit).RunAsync();
    }
}
