using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Core.Timing;

public sealed class MonotonicClockTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _inner = new(Noon);

    [Fact]
    public void Now_BeforeAnyCorrection_IsTheWallClockOfTheStartAndTheMonotonicTimeSince()
    {
        var time = new JumpingTimeProvider(_inner);
        var clock = new MonotonicClock(time);

        time.Offset = TimeSpan.FromHours(-1);
        _inner.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(Noon.AddSeconds(3), clock.Now);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(-7)]
    public void Start_WithAnotherClock_ShowsItAtOnceInEitherDirection(int minutes)
    {
        var clock = new MonotonicClock(_inner);

        clock.Start(_inner.GetTimestamp(), Noon.AddMinutes(minutes));
        _inner.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(Noon.AddMinutes(minutes).AddSeconds(1), clock.Now);
    }

    [Theory]
    [InlineData(0.4)]
    [InlineData(-0.4)]
    [InlineData(-600)]
    public void Correct_ByLittleOrBackwards_NeverJumpsNorRunsBackwardsAndArrives(double seconds)
    {
        var clock = new MonotonicClock(_inner);
        var wanted = TimeSpan.FromSeconds(seconds);

        var behind = clock.Correct(_inner.GetTimestamp(), Noon + wanted);

        Assert.Equal(wanted, behind);
        Assert.Equal(Noon, clock.Now);
        var last = clock.Now;
        var step = TimeSpan.FromSeconds(Math.Abs(seconds) / 10);
        for (var i = 0; i < 210; i++)
        {
            _inner.Advance(step);
            var now = clock.Now;
            Assert.InRange(now - last, step * 0.949, step * 1.051);
            last = now;
        }

        Assert.Equal(wanted.TotalSeconds, (clock.Now - _inner.GetUtcNow()).TotalSeconds, 0.001);
    }

    [Fact]
    public void Correct_ByMoreThanTheLargestSlewForward_StepsAtOnce()
    {
        var clock = new MonotonicClock(_inner);

        clock.Correct(_inner.GetTimestamp(), Noon.AddHours(1));

        Assert.Equal(Noon.AddHours(1), clock.Now);
    }

    [Fact]
    public void Correct_WhileAnEarlierCorrectionGoesOn_GoesOnFromWhereItStands()
    {
        var clock = new MonotonicClock(_inner);
        clock.Correct(_inner.GetTimestamp(), Noon.AddSeconds(0.8));
        _inner.Advance(TimeSpan.FromSeconds(8));
        var half = clock.Now;

        var behind = clock.Correct(_inner.GetTimestamp(), Noon.AddSeconds(8.8));

        Assert.Equal(Noon.AddSeconds(8.4), half);
        Assert.Equal(half, clock.Now);
        Assert.Equal(0.4, behind.TotalSeconds, 0.001);
        _inner.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(Noon.AddMilliseconds(68_800), clock.Now);
    }

    [Fact]
    public void Correct_WithASampleOfAMomentAgo_CountsTheTimeSince()
    {
        var clock = new MonotonicClock(_inner);
        var sampled = _inner.GetTimestamp();
        _inner.Advance(TimeSpan.FromSeconds(20));

        clock.Correct(sampled, Noon.AddMinutes(5));

        Assert.Equal(Noon.AddMinutes(5).AddSeconds(20), clock.Now);
    }
}
