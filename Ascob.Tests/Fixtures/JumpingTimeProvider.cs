using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Fixtures;

/// <summary>A clock whose wall time can jump while its monotonic time and its timers go on as they were, as when somebody sets the clock of a machine.</summary>
internal sealed class JumpingTimeProvider(FakeTimeProvider inner) : TimeProvider
{
    /// <summary>Gets or sets how far the wall clock is off.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Offset;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}
