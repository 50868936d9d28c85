using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ascob.Server.Repository;

/// <summary>
/// Has libgit2 give up a host that says nothing: a peer that vanished without a word is waited for without end otherwise. LibGit2Sharp has no name for these settings, which are the process's.
/// </summary>
internal static class GitTimeouts
{
    // git_libgit2_opt_t, in libgit2 since 1.7.
    private const int SetConnectTimeout = 39;
    private const int SetServerTimeout = 41;

    private static readonly Lazy<SetOption?> Setting = new(Find);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int SetOption(int option, int value);

    /// <summary>Sets how long one answer of a host may take. False where this machine's library cannot be told; the callers' own limits hold all the same.</summary>
    public static bool Set(TimeSpan longest)
    {
        var milliseconds = (int)Math.Clamp(longest.TotalMilliseconds, 1, int.MaxValue);
        return Setting.Value is { } set && set(SetConnectTimeout, milliseconds) == 0 && set(SetServerTimeout, milliseconds) == 0;
    }

    // The function takes a varying number of arguments, which on Apple's ARM processors are handed over in another way.
    private static SetOption? Find()
    {
        if (OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            return null;
        }

        using var process = Process.GetCurrentProcess();
        var library = process.Modules.Cast<ProcessModule>().FirstOrDefault(m => m.ModuleName.Contains("git2-", StringComparison.OrdinalIgnoreCase))?.FileName;
        return library is not null && NativeLibrary.TryLoad(library, out var handle) && NativeLibrary.TryGetExport(handle, "git_libgit2_opts", out var address)
            ? Marshal.GetDelegateForFunctionPointer<SetOption>(address)
            : null;
    }
}
