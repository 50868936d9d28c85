namespace Ascob.Core.Runs;

/// <summary>
/// The order of runs that wait for the same thing: the time at which they came, moved back by <see cref="EngineOptions.PriorityStep"/> for each step of priority. So a higher priority goes first,
/// and whoever waits long enough goes before any priority that comes later: nobody starves.
/// </summary>
public static class QueueRanks
{
    /// <summary>Answers the rank, in microseconds; smaller goes first.</summary>
    public static long Of(Run run, TimeSpan priorityStep)
    {
        ArgumentNullException.ThrowIfNull(run);
        return ((run.DefinedAt.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) - (run.Spec.Priority * priorityStep.Ticks)) / TimeSpan.TicksPerMicrosecond;
    }
}
