namespace Ascob.Core.Timing;

/// <summary>
/// The time that leases, deadlines and pauses are counted in: a start plus the monotonic time since. The start is the wall clock of this machine, or that of the database where several servers share
/// one (<see cref="Start"/>, <see cref="Correct"/>). A jump of the wall clock while the server runs therefore changes no state (guarantee 23); times shown to people come from it too, so that a
/// timeline never runs backwards.
/// </summary>
public sealed class MonotonicClock(TimeProvider time)
{
    /// <summary>A correction forward that is larger than this is made at once; smaller ones, and all backward, are spread out.</summary>
    public static readonly TimeSpan LargestSlew = TimeSpan.FromSeconds(1);

    // While it is corrected the clock goes by a twentieth faster or slower.
    private const int SlewSpread = 20;

    private readonly Lock _gate = new();
    private readonly long _began = time.GetTimestamp();
    private volatile Line _line = new(time.GetTimestamp(), time.GetUtcNow(), TimeSpan.Zero);

    /// <summary>Gets when the process began to count.</summary>
    public DateTimeOffset StartedAt => Now - Time.GetElapsedTime(_began);

    /// <summary>Gets the source of timers and delays.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>Gets the present in UTC, cut to whole microseconds, which every database keeps.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var line = _line;
            var now = line.At(Time.GetElapsedTime(line.Timestamp));
            return new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        }
    }

    /// <summary>Starts anew from another clock, in whichever direction that is. Only for the time before anybody counts with this clock.</summary>
    /// <param name="timestamp">A timestamp of <see cref="Time"/>.</param>
    /// <param name="then">What the other clock showed at it.</param>
    public void Start(long timestamp, DateTimeOffset then) => _line = new Line(timestamp, then, TimeSpan.Zero);

    /// <summary>
    /// Follows another clock without ever running backwards: what is missing is made up bit by bit, or at once where it is more than <see cref="LargestSlew"/>; when it is ahead it goes slower until the
    /// other one has caught up. Answers how far it was behind (negative: ahead).
    /// </summary>
    /// <param name="timestamp">A timestamp of <see cref="Time"/>.</param>
    /// <param name="then">What the other clock showed at it.</param>
    public TimeSpan Correct(long timestamp, DateTimeOffset then)
    {
        lock (_gate)
        {
            var line = _line;
            var at = Time.GetTimestamp();
            var mine = line.At(Time.GetElapsedTime(line.Timestamp, at));
            var behind = then + Time.GetElapsedTime(timestamp, at) - mine;
            _line = behind > LargestSlew ? new Line(at, mine + behind, TimeSpan.Zero) : new Line(at, mine, behind);
            return behind;
        }
    }

    /// <summary>Answers how far this clock is behind another one (negative: ahead), and changes nothing.</summary>
    /// <param name="timestamp">A timestamp of <see cref="Time"/>.</param>
    /// <param name="then">What the other clock showed at it.</param>
    public TimeSpan BehindOf(long timestamp, DateTimeOffset then)
    {
        var line = _line;
        var at = Time.GetTimestamp();
        return then + Time.GetElapsedTime(timestamp, at) - line.At(Time.GetElapsedTime(line.Timestamp, at));
    }

    // From a point on it runs with the monotonic time, and a correction is spread over the time that follows.
    private sealed record Line(long Timestamp, DateTimeOffset Begin, TimeSpan Correction)
    {
        private readonly double _spreadTicks = Math.Max(1, Math.Abs((double)Correction.Ticks) * SlewSpread);

        public DateTimeOffset At(TimeSpan elapsed) => Correction == TimeSpan.Zero
            ? Begin + elapsed
            : Begin + elapsed + TimeSpan.FromTicks((long)(Correction.Ticks * Math.Clamp(elapsed.Ticks / _spreadTicks, 0, 1)));
    }
}
