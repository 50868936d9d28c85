using System.Runtime.InteropServices;
using System.Text;

namespace Ascob.Backends.Shell.Native;

/// <summary>
/// Starts a program in a session of its own with a hand-made environment, all signals at their defaults and no descriptor of ours but the three it is given.
/// <see cref="System.Diagnostics.Process"/> can do none of that: its child stays in our group, and ignores SIGPIPE because .NET does.
/// </summary>
internal static unsafe class ChildProcess
{
    private const short SetSignalDefaults = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;
    private const int ReadWrite = 2;

    // Both types are 336 bytes at most on glibc and musl; the room is theirs alone.
    private const int OpaqueBytes = 1024;

    private static bool _hasCloseFrom = true;

    /// <summary>Starts the program.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">Its arguments with the zeroth; none may hold a NUL.</param>
    /// <param name="environment">Its whole environment as <c>NAME=value</c>; none may hold a NUL.</param>
    /// <param name="workDirectory">Where it starts.</param>
    /// <param name="stdout">The descriptor that becomes its standard output; -1 for <c>/dev/null</c>.</param>
    /// <param name="stderr">The descriptor that becomes its standard error; -1 for <c>/dev/null</c>.</param>
    /// <param name="pid">Its process id; 0 on failure.</param>
    /// <returns>0, or the error number; then nothing was started.</returns>
    public static int Spawn(
        string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, string workDirectory, int stdout, int stderr, out int pid)
    {
        using var argv = new NativeStrings(arguments);
        using var envp = new NativeStrings(environment);
        using var names = new NativeStrings([path, workDirectory, "/dev/null"]);
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        var signals = stackalloc byte[OpaqueBytes];

        Check(Libc.FileActionsInit(actions));
        Check(Libc.AttributesInit(attributes));
        try
        {
            Check(Libc.FileActionsAddOpen(actions, 0, names[2], 0, 0));
            AddOutput(actions, 1, stdout, names[2]);
            AddOutput(actions, 2, stderr, names[2]);
            AddCloseFrom(actions);
            Check(Libc.FileActionsAddChangeDirectory(actions, names[1]));

            Check(Libc.AttributesSetFlags(attributes, SetSignalDefaults | SetSignalMask | SetSession));
            Check(Libc.SignalFillSet(signals));
            Check(Libc.AttributesSetSignalDefaults(attributes, signals));
            Check(Libc.SignalEmptySet(signals));
            Check(Libc.AttributesSetSignalMask(attributes, signals));

            int started;
            var error = Libc.PosixSpawn(&started, names[0], actions, attributes, argv.Pointer, envp.Pointer);
            pid = error == 0 ? started : 0;
            return error;
        }
        finally
        {
            _ = Libc.FileActionsDestroy(actions);
            _ = Libc.AttributesDestroy(attributes);
        }
    }

    private static void AddOutput(void* actions, int target, int descriptor, byte* devNull) =>
        Check(descriptor < 0 ? Libc.FileActionsAddOpen(actions, target, devNull, ReadWrite, 0) : Libc.FileActionsAddDup2(actions, descriptor, target));

    private static void AddCloseFrom(void* actions)
    {
        if (!_hasCloseFrom)
        {
            return;
        }

        try
        {
            Check(Libc.FileActionsAddCloseFrom(actions, 3));
        }
        catch (EntryPointNotFoundException)
        {
            // Older C libraries lack it; every descriptor that .NET opens is closed on exec anyway.
            _hasCloseFrom = false;
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"Preparing a child process failed: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    // A null-terminated array of C strings in one block.
    private sealed class NativeStrings : IDisposable
    {
        private readonly void* _block;

        public NativeStrings(IReadOnlyList<string> strings)
        {
            var bytes = strings.Sum(s => Encoding.UTF8.GetByteCount(s) + 1);
            var table = (nuint)((strings.Count + 1) * sizeof(byte*));
            _block = NativeMemory.Alloc(table + (nuint)bytes);
            var next = (byte*)_block + table;
            for (var i = 0; i < strings.Count; i++)
            {
                Pointer[i] = next;
                var length = Encoding.UTF8.GetByteCount(strings[i]);
                Encoding.UTF8.GetBytes(strings[i], new Span<byte>(next, length));
                next[length] = 0;
                next += length + 1;
            }

            Pointer[strings.Count] = null;
        }

        public byte** Pointer => (byte**)_block;

        public byte* this[int index] => Pointer[index];

        public void Dispose() => NativeMemory.Free(_block);
    }
}
