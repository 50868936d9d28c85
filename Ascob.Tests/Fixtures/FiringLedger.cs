using System.Collections.Concurrent;
using Ascob.Core.Errors;
using Ascob.Core.Schedules;

namespace Ascob.Tests.Fixtures;

/// <summary>Counts launches of schedules that fire every minute, by schedule and minute: a few bytes for each, so that millions fit.</summary>
/// <param name="start">The first minute.</param>
/// <param name="minutes">How many minutes there are.</param>
internal sealed class FiringLedger(DateTimeOffset start, int minutes) : IScheduledLaunch
{
    private readonly ConcurrentDictionary<long, byte[]> _launches = new();
    private long _replayed;
    private long _new;

    /// <summary>Gets how often a launch was asked for that there was already, by its key.</summary>
    public long Replayed => _replayed;

    public void Add(long scheduleId) => _launches[scheduleId] = new byte[minutes];

    public Task<Result<ScheduledLaunch>> LaunchAsync(ClaimedTick tick, CancellationToken cancellationToken)
    {
        var minute = (int)((tick.Tick.Tick - start).Ticks / TimeSpan.TicksPerMinute);
        Assert.Equal(start.AddMinutes(minute), tick.Tick.Tick);
        if (minute < minutes)
        {
            var launches = _launches[tick.Schedule.Id];
            lock (launches)
            {
                // As the run store does: the same key again answers the same run. Only a firing that a dead server had in hand may be asked for again.
                if (launches[minute]++ == 0)
                {
                    Interlocked.Increment(ref _new);
                }
                else
                {
                    Assert.True(tick.Tick.Attempts > 1, $"{tick.Tick.Key} was launched twice.");
                    Interlocked.Increment(ref _replayed);
                }
            }
        }

        return Task.FromResult<Result<ScheduledLaunch>>(new ScheduledLaunch(minute + 1));
    }

    public Task<ScheduledLaunch?> FindAsync(ClaimedTick tick, CancellationToken cancellationToken)
    {
        var minute = (int)((tick.Tick.Tick - start).Ticks / TimeSpan.TicksPerMinute);
        if (minute >= minutes || _launches[tick.Schedule.Id][minute] == 0)
        {
            return Task.FromResult<ScheduledLaunch?>(null);
        }

        Interlocked.Increment(ref _replayed);
        return Task.FromResult<ScheduledLaunch?>(new ScheduledLaunch(minute + 1));
    }

    /// <summary>Checks that each firing was launched.</summary>
    public void Check(long expected)
    {
        Assert.Equal(expected, _new);
        Assert.All(_launches, schedule => Assert.DoesNotContain((byte)0, schedule.Value));
    }
}
