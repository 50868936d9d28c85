namespace Ascob.Core.Dispatch;

/// <summary>Pauses that grow, with jitter, so that many runs do not come back at the same moment.</summary>
public sealed class Backoff(Random random)
{
    private readonly Lock _gate = new();

    /// <summary>Answers <c>first * 2^failures</c>, at most <paramref name="max"/>, plus or minus a fifth.</summary>
    public TimeSpan Exponential(TimeSpan first, TimeSpan max, int failures) =>
        Jitter(TimeSpan.FromTicks((long)Math.Min(max.Ticks, first.Ticks * Math.Pow(2, Math.Clamp(failures, 0, 30)))));

    /// <summary>Answers the pause plus or minus a fifth.</summary>
    public TimeSpan Jitter(TimeSpan pause) => pause * (0.8 + (Share() * 0.4));

    /// <summary>Answers the pause or up to a third less, for what must not be rarer than promised; wide, because what began together is to spread.</summary>
    public TimeSpan AtMost(TimeSpan pause) => pause * (2 + Share()) / 3;

    /// <summary>Answers the pause or up to a fifth more, for what must not come back earlier than it was asked to.</summary>
    public TimeSpan AtLeast(TimeSpan pause) => pause * (1 + (Share() * 0.2));

    private double Share()
    {
        lock (_gate)
        {
            return random.NextDouble();
        }
    }
}
