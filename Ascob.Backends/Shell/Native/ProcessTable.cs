using System.Globalization;
using System.Text;

namespace Ascob.Backends.Shell.Native;

/// <summary>What <c>/proc</c> says of a process at one moment.</summary>
/// <param name="Pid">The process id.</param>
/// <param name="State">The state letter; <c>Z</c> is a zombie.</param>
/// <param name="Parent">The parent's process id.</param>
/// <param name="Group">The process group it belongs to.</param>
/// <param name="Session">The session it belongs to.</param>
/// <param name="StartTime">When it started, in clock ticks since boot: with the pid it names one process for good.</param>
/// <param name="ResidentPages">How many pages of memory it holds.</param>
internal readonly record struct ProcessInfo(int Pid, char State, int Parent, int Group, int Session, long StartTime, long ResidentPages)
{
    public bool IsDead => State is 'Z' or 'X';
}

/// <summary>Reads <c>/proc</c>.</summary>
internal static class ProcessTable
{
    private static readonly string FirstThread = $"/proc/self/task/{Environment.ProcessId}";

    /// <summary>Reads one process; null when it is gone.</summary>
    public static ProcessInfo? TryRead(int pid)
    {
        Span<byte> buffer = stackalloc byte[1024];
        var read = ReadFile($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat", buffer);

        // The second field is the program's name in parentheses and may hold anything, so counting starts behind its last one.
        var end = buffer[..read].LastIndexOf((byte)')');
        if (end < 0)
        {
            return null;
        }

        var fields = Encoding.ASCII.GetString(buffer[(end + 2)..read]).Split(' ');
        return fields.Length < 22
            ? null
            : new ProcessInfo(pid, fields[0][0], Number(fields[1]), Number(fields[2]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture), long.Parse(fields[21], CultureInfo.InvariantCulture));
    }

    /// <summary>Reads all processes.</summary>
    public static List<ProcessInfo> ReadAll()
    {
        var processes = new List<ProcessInfo>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && TryRead(pid) is { } process)
            {
                processes.Add(process);
            }
        }

        return processes;
    }

    /// <summary>Answers the value of <c>ASCOB_RUN</c> that a process was started with; null where there is none or it may not be read.</summary>
    public static string? ReadMarker(int pid)
    {
        try
        {
            var environment = File.ReadAllBytes($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/environ");
            ReadOnlySpan<byte> rest = environment;
            while (!rest.IsEmpty)
            {
                var length = rest.IndexOf((byte)0);
                var entry = length < 0 ? rest : rest[..length];
                if (entry.StartsWith("ASCOB_RUN="u8))
                {
                    return Encoding.UTF8.GetString(entry["ASCOB_RUN=".Length..]);
                }

                rest = length < 0 ? [] : rest[(length + 1)..];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone, or somebody else's.
        }

        return null;
    }

    /// <summary>Answers the arguments that a process was started with; none where it is gone or somebody else's.</summary>
    public static string[] ReadArguments(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// Answers the children of this process. One that ends at the same moment may hide another, so a single empty answer proves little.
    /// </summary>
    /// <param name="adoptedOnly">Only those of the first thread: the kernel gives orphans to it, while the children we start belong to the threads that start them.</param>
    public static List<int> ReadOwnChildren(bool adoptedOnly)
    {
        var children = new List<int>();
        Span<byte> buffer = stackalloc byte[16 * 1024];
        IEnumerable<string> threads = adoptedOnly ? [FirstThread] : Directory.EnumerateDirectories("/proc/self/task");
        foreach (var thread in threads)
        {
            var read = ReadFile(thread + "/children", buffer);
            foreach (var range in Encoding.ASCII.GetString(buffer[..read]).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                children.Add(Number(range));
            }
        }

        return children;
    }

    private static int ReadFile(string path, Span<byte> buffer)
    {
        try
        {
            // The kernel answers a page at a time, so one call is not enough.
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var total = 0;
            while (total < buffer.Length && RandomAccess.Read(file, buffer[total..], total) is > 0 and var read)
            {
                total += read;
            }

            return total;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
