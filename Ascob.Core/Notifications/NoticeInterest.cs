using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Notifications;

/// <summary>
/// What this process knows of the subscriptions, asked at every change of a run: without subscriptions the answer costs the comparison of two numbers, and the statement stays as it is.
/// What is known may be old by a moment, and a process that was held up may know nothing new for long. Therefore it believes itself for <see cref="Trust"/> only; after that it has every event written that could be
/// told, and whoever plans the deliveries, who knows the subscriptions, drops what nobody wants. A subscription whose maker waits for <see cref="Trust"/> before he answers thus misses nothing that happens after the
/// answer (<c>docs/decisions/0030-notices-in-the-transaction-of-the-event.md</c>).
/// </summary>
public sealed class NoticeInterest(MonotonicClock clock)
{
    /// <summary>How often the subscriptions are looked at.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    /// <summary>How long a process believes what it has read.</summary>
    public static readonly TimeSpan Trust = TimeSpan.FromSeconds(2);

    private volatile Known? _known;

    /// <summary>Gets what was read last.</summary>
    public SubscriptionSet Set => _known?.Set ?? SubscriptionSet.Empty;

    /// <summary>Gets whether anything was read at all.</summary>
    public bool HasLearnt => _known is not null;

    /// <summary>Gets whether what was read is new enough to be believed.</summary>
    public bool IsTrusted => _known is { } known && clock.Time.GetElapsedTime(known.ReadAt) <= Trust;

    /// <summary>Takes over what was read.</summary>
    /// <param name="set">The subscriptions.</param>
    /// <param name="asked">The timestamp before the question was asked: what changed since then is not in the answer.</param>
    public void Learn(SubscriptionSet set, long asked) => _known = new Known(set, asked);

    /// <summary>Answers the notice of an event; null where nobody can want it.</summary>
    /// <param name="run">The run after the event.</param>
    /// <param name="happened">The event.</param>
    public Notice? NoticeOf(Run run, RunEvent happened)
    {
        var known = _known;
        var trusted = known is not null && clock.Time.GetElapsedTime(known.ReadAt) <= Trust;
        if (trusted && known!.Set.Kinds == NoticeKinds.None)
        {
            return null;
        }

        var kind = NoticeRules.KindOf(happened);
        if (kind == NoticeKinds.None || (trusted && !known!.Set.Kinds.HasFlag(kind)))
        {
            return null;
        }

        var notice = NoticeRules.Make(kind, run, happened);
        return !trusted || known!.Set.MayWant(kind, notice.Facts) ? notice : null;
    }

    private sealed record Known(SubscriptionSet Set, long ReadAt);
}
