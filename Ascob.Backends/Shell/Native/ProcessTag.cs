namespace Ascob.Backends.Shell.Native;

/// <summary>
/// A number that a process hands down to all that it ever starts: its soft limit of uninterrupted real-time computing, in microseconds. A cleared environment, a new session, closed
/// descriptors and another directory leave it alone, and at more than a hundred thousand years it limits nobody. Only a process that sets this very limit itself loses it.
/// </summary>
internal static unsafe class ProcessTag
{
    private const int RealTimeLimit = 15;
    private const int HostBits = 30;
    private const int JobBits = 32;
    private const ulong Mark = 1UL << (HostBits + JobBits);

    /// <summary>Makes a number for a host.</summary>
    public static uint NewHost() => (uint)Random.Shared.Next(1, 1 << HostBits);

    /// <summary>Tags this process, and with it what it starts from now on; false where its limits do not allow that.</summary>
    public static bool TrySetOwn(uint host, uint job)
    {
        var limits = stackalloc ulong[2];
        if (Libc.PrLimit(0, RealTimeLimit, null, limits) != 0)
        {
            return false;
        }

        limits[0] = Mark | ((ulong)host << JobBits) | job;
        return limits[0] <= limits[1] && Libc.PrLimit(0, RealTimeLimit, limits, null) == 0;
    }

    /// <summary>Reads the tag of a process; null where it has none or may not be asked.</summary>
    public static (uint Host, uint Job)? TryRead(int pid)
    {
        var limits = stackalloc ulong[2];
        return Libc.PrLimit(pid, RealTimeLimit, null, limits) == 0 && limits[0] >> (HostBits + JobBits) == 1
            ? ((uint)(limits[0] >> JobBits) & ((1U << HostBits) - 1), (uint)limits[0])
            : null;
    }
}
