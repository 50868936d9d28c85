using Ascob.Backends.Shell;
using Ascob.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>
/// The programs that repository jobs find before all others: <c>event</c>, which is this very program under another name, so that nothing has to be installed. Written at the start, for the program may have moved.
/// </summary>
internal sealed class Library(IOptions<AscobOptions> server, IServiceProvider services)
{
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Gets where they lie.</summary>
    public string Directory { get; } = System.IO.Path.Combine(server.Value.AbsoluteDataDirectory, "repository", "library");

    /// <summary>Writes them. Renamed into place, for a job may start one at this moment.</summary>
    public void Write()
    {
        PrivateDirectory.Create(Directory);
        var launcher = services.GetService<ShellHostLauncher>() ?? ShellHostLauncher.ForThisProcess();
        var text = $"""
            #!/bin/sh
            # event <name> [<cause>]: creates an event of the execution that this job is.
            {launcher.CommandText("event")} "$@"

            """;
        var path = System.IO.Path.Combine(Directory, "event");
        var temporary = $"{path}.{Environment.ProcessId}";
        File.WriteAllText(temporary, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(temporary, Mode);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
