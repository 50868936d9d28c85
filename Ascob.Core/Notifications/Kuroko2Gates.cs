namespace Ascob.Core.Notifications;

/// <summary>kuroko2's two switches of a definition, as the events that come through.</summary>
public static class Kuroko2Gates
{
    /// <summary>
    /// Answers the events. Failures, long running times and the return to normal always come; a prevented launch only with <paramref name="notifyCancellation"/>; everything else, a person's
    /// cancellation included, only with <paramref name="notifyAll"/>. Mail is sent for troubles only, whatever <paramref name="notifyAll"/> says.
    /// </summary>
    public static NoticeKinds Events(string receiverKind, bool notifyAll, bool notifyCancellation)
    {
        var events = NoticeKinds.Error | NoticeKinds.InDoubt | NoticeKinds.LongerThanExpected;
        if (notifyCancellation)
        {
            events |= NoticeKinds.Skipped;
        }

        if (receiverKind == ReceiverKinds.Mail)
        {
            // kuroko2 asks twice about a cancellation by a person: it is announced with "notify all" only, and mailed with "notify cancellation" only.
            return notifyAll && notifyCancellation ? events | NoticeKinds.Cancelled : events;
        }

        events |= NoticeKinds.Recovered;
        return notifyAll ? events | NoticeKinds.Launched | NoticeKinds.Retried | NoticeKinds.Cancelled | NoticeKinds.Finished : events;
    }
}
