namespace Ascob.Core.Dispatch;

/// <summary>Pauses that grow, with jitter, so that many runs do not come back at the same moment.</summary>
public sealed class Backoff(Random random)
{
    private readonly Lock _gate = new();

    /// <summary>Answers <c>first * 2^failures</c>, at most <paramref name="max"/>, plus or minus a fifth.</summary>
    public TimeSpan Exponential(TimeSpan first, TimeSpan max, int failures) =>
        Jitter(TimeSpan.FromTicks((long)Math.Min(max.Ticks, first.Ticks * Math.Pow(2, Math.Clamp(failures, 0, 30)))));

    /// <summary>Answers the pause plus or minus a fifth.</summary>
    public TimeSpan Jitter(TimeSpan pause)
    {
        double share;
        lock (_gate)
        {
            share = random.NextDouble();
        }

        return pause * (0.8 + (share * 0.4));
    }
}
