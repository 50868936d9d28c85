using System.Runtime.InteropServices;

namespace Ascob.Backends.Shell.Native;

/// <summary>Answers where a path really leads, with every link on the way followed; .NET follows only the last.</summary>
internal static partial class RealPath
{
    public static unsafe string? TryResolve(string path)
    {
        var resolved = Resolve(path, null);
        if (resolved is null)
        {
            return null;
        }

        try
        {
            return Marshal.PtrToStringUTF8((nint)resolved);
        }
        finally
        {
            NativeMemory.Free(resolved);
        }
    }

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial byte* Resolve(string path, byte* buffer);
}
