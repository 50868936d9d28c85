namespace Ascob.Core.Timing;

/// <summary>
/// The time that leases, deadlines and pauses are counted in: the wall clock at the start of the process plus the monotonic time since. A jump of the wall clock while the
/// server runs therefore changes no state (guarantee 23); times shown to people come from it too, so that a timeline never runs backwards.
/// </summary>
public sealed class MonotonicClock(TimeProvider time)
{
    private readonly DateTimeOffset _startWall = time.GetUtcNow();
    private readonly long _startTimestamp = time.GetTimestamp();

    /// <summary>Gets when the process began to count.</summary>
    public DateTimeOffset StartedAt => _startWall;

    /// <summary>Gets the source of timers and delays.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>Gets the present in UTC, cut to whole microseconds, which every database keeps.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var now = _startWall + Time.GetElapsedTime(_startTimestamp);
            return new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        }
    }
}
