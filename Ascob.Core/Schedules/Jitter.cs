namespace Ascob.Core.Schedules;

/// <summary>The delay of a firing: spread evenly below the schedule's bound, and the same whoever computes it and whenever.</summary>
internal static class Jitter
{
    public static TimeSpan Of(Schedule schedule, DateTimeOffset tick)
    {
        if (schedule.Spec.JitterSeconds <= 0)
        {
            return TimeSpan.Zero;
        }

        var milliseconds = (ulong)schedule.Spec.JitterSeconds * 1000;
        return TimeSpan.FromMilliseconds((long)(Mix((ulong)schedule.Id * 0x9E3779B97F4A7C15 ^ (ulong)tick.UtcTicks) % milliseconds));
    }

    // The finisher of SplitMix64: neighbours in, strangers out.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
