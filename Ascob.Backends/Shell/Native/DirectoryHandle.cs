using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ascob.Backends.Shell.Native;

/// <summary>Opens directories, which .NET's file handles refuse to do.</summary>
internal static partial class DirectoryHandle
{
    private const int OpenPathOnly = 0x200000;

    public static SafeFileHandle Open(string directory)
    {
        var fd = OpenFile(directory, OpenPathOnly | Libc.O_CLOEXEC);
        return fd >= 0
            ? new SafeFileHandle(fd, ownsHandle: true)
            : throw new DirectoryNotFoundException($"The directory cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}
