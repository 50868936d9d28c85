using System.Globalization;
using Ascob.Backends.Shell.Host;
using Ascob.Backends.Shell.Native;

namespace Ascob.Backends.Shell;

/// <summary>How the shell host is started: an executable that has the verb <c>shell-host</c>. Register one to replace the server's own executable.</summary>
/// <param name="FileName">The executable.</param>
/// <param name="Arguments">What comes before the verb, such as the path of the server's assembly.</param>
public sealed record ShellHostLauncher(string FileName, IReadOnlyList<string> Arguments)
{
    private const long MaxLogBytes = 1024 * 1024;

    // A host that mostly waits needs neither a background collector nor profiling; diagnostics would let others look at secrets, and dumps write them down.
    private static readonly string[] RuntimeSettings =
    [
        "DOTNET_gcServer=0", "DOTNET_gcConcurrent=0", "DOTNET_GCHeapCount=1", "DOTNET_GCConserveMemory=5", "DOTNET_TieredPGO=0", "DOTNET_EnableDiagnostics=0",
        "DOTNET_DbgEnableMiniDump=0", "DOTNET_NOLOGO=1",
        // Pool threads that spin for work take the processors from the jobs.
        "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=0",
    ];

    private static readonly string[] Inherited = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "DOTNET_ROOT", "DOTNET_ROOT_X64", "DOTNET_ROOT_ARM64"];

    /// <summary>Answers how the present process starts itself once more.</summary>
    public static ShellHostLauncher ForThisProcess()
    {
        var executable = Environment.ProcessPath ?? throw new PlatformNotSupportedException("The path of this program is not known.");
        var isDotnet = Path.GetFileNameWithoutExtension(executable).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return new ShellHostLauncher(executable, isDotnet ? [System.Reflection.Assembly.GetEntryAssembly()!.Location] : []);
    }

    /// <summary>Answers the command that runs a verb of the same executable, as text for a shell, whose arguments may follow.</summary>
    public string CommandText(string verb)
    {
        var roots = Inherited.Where(n => n.StartsWith("DOTNET_", StringComparison.Ordinal))
            .Select(n => (Name: n, Value: Environment.GetEnvironmentVariable(n))).Where(v => !string.IsNullOrEmpty(v.Value))
            .Select(v => $"{v.Name}={Quote(v.Value!)} ");
        return $"{string.Concat(roots)}DOTNET_TieredPGO=0 DOTNET_NOLOGO=1 exec {string.Join(' ', new[] { FileName }.Concat(Arguments).Select(Quote))} {verb}";
    }

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Starts a host that outlives this process. A second one for the same directory ends by itself.</summary>
    internal unsafe void Launch(string directory, TimeSpan idleExit)
    {
        var log = Path.Combine(directory, "host.log");
        if (new FileInfo(log) is { Exists: true, Length: > MaxLogBytes })
        {
            File.Delete(log);
        }

        using var output = File.OpenHandle(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        List<string> environment = [.. RuntimeSettings];
        foreach (var name in Inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment.Add($"{name}={value}");
            }
        }

        // A shell in between that ends at once makes the host nobody's child, so no server has to bury it.
        string[] arguments =
        [
            "sh", "-c", "\"$@\" &", "sh", FileName, .. Arguments, ShellHostProgram.Verb,
            "--directory", directory, "--idle-exit", idleExit.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        ];
        var descriptor = (int)output.DangerousGetHandle();
        var error = ChildProcess.Spawn("/bin/sh", arguments, environment, "/", descriptor, descriptor, out var pid);
        if (error != 0)
        {
            throw new IOException($"The shell host could not be started: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error)}.");
        }

        int status;
        _ = Libc.WaitPid(pid, &status, 0);
    }
}
