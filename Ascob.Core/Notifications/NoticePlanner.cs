using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Notifications;

/// <summary>Decides who is told of what has happened: turns notices into deliveries.</summary>
public sealed class NoticePlanner(INotificationStore store, SubscriptionWatch watch, MonotonicClock clock)
{
    private const int PageSize = 200;

    /// <summary>Plans all notices that are there; answers how many.</summary>
    public async Task<int> PlanAsync(CancellationToken cancellationToken)
    {
        var planned = 0;
        while (true)
        {
            var notices = await store.NoticesAsync(PageSize, cancellationToken).ConfigureAwait(false);
            if (notices.Count == 0)
            {
                return planned;
            }

            // After the notices were read: whatever subscription one of them was written for is in this answer.
            var set = await watch.LookAsync(cancellationToken).ConfigureAwait(false);
            var plans = new List<Plan>(notices.Count);
            foreach (var notice in notices)
            {
                plans.Add(await PlanAsync(notice, set, cancellationToken).ConfigureAwait(false));
            }

            await store.PlanAsync(plans, cancellationToken).ConfigureAwait(false);
            planned += notices.Count;
        }
    }

    private async Task<Plan> PlanAsync(Notice notice, SubscriptionSet set, CancellationToken cancellationToken)
    {
        if (notice.Kind == NoticeKinds.Finished
            && set.Of(NoticeKinds.Recovered, notice.Facts).Any()
            && await store.OutcomeBeforeAsync(notice, cancellationToken).ConfigureAwait(false) == RunStatus.Failed)
        {
            notice = notice with { Kind = NoticeKinds.Recovered };
        }

        return new Plan(notice, [.. set.Of(notice.Kind, notice.Facts).Select(s => s.Id)], clock.Now);
    }
}
