namespace Ascob.Core.Timing;

/// <summary>The present of a <see cref="MonotonicClock"/> in the form that libraries take, for times that are stored and compared by another server. Timers and timestamps are those of the machine.</summary>
public sealed class ClockTimeProvider(MonotonicClock clock) : TimeProvider
{
    /// <inheritdoc/>
    public override long TimestampFrequency => clock.Time.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => clock.Time.LocalTimeZone;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => clock.Now;

    /// <inheritdoc/>
    public override long GetTimestamp() => clock.Time.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => clock.Time.CreateTimer(callback, state, dueTime, period);
}
