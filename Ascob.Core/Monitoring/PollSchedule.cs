using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Runs;

namespace Ascob.Core.Monitoring;

/// <summary>Says when a run at its backend is looked at next: soon while it is young, rarer as it ages, and in time for its deadline.</summary>
public sealed class PollSchedule(Backoff backoff)
{
    /// <summary>Answers the next look after a good answer.</summary>
    public DateTimeOffset Next(Run run, BackendOptions options, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        var age = now - (run.SubmittedAt ?? now);
        var pause = TimeSpan.FromTicks(Math.Clamp(age.Ticks / 10, options.Poll.Initial.Ticks, Math.Max(options.Poll.Initial.Ticks, options.Poll.Max.Ticks)));
        var next = now + backoff.AtMost(pause);
        return Deadline(run) is { } deadline && deadline < next ? (deadline > now ? deadline : now) : next;
    }

    /// <summary>Answers the next look after a failed one.</summary>
    public DateTimeOffset AfterFailure(BackendOptions options, DateTimeOffset now, int failures, TimeSpan? retryAfter)
    {
        ArgumentNullException.ThrowIfNull(options);
        var pause = backoff.Exponential(options.Poll.Initial, options.Poll.Max, failures);
        return now + (retryAfter is { } wish && wish > pause ? backoff.AtLeast(wish) : pause);
    }

    /// <summary>Answers when the run's time is over; null for never.</summary>
    public static DateTimeOffset? Deadline(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run is { Spec.TimeoutSeconds: { } seconds, StartedAt: { } started, Status: RunStatus.Running or RunStatus.Submitted }
            ? started + TimeSpan.FromSeconds(seconds)
            : null;
    }
}
