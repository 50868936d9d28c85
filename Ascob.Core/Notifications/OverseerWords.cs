using Ascob.Core.Repository;
using Ascob.Core.Runs;

namespace Ascob.Core.Notifications;

/// <summary>Notices in Overseer's words.</summary>
public static class OverseerWords
{
    /// <summary>The status that stands for all.</summary>
    public const string All = "*";

    /// <summary>Answers the status that a notice sets: <c>start</c>, <c>complete</c>, <c>fail</c>, <c>time-out</c>, or the name of a custom event.</summary>
    public static string Status(NoticeKinds kind, NoticeFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return kind switch
        {
            NoticeKinds.Launched => "start",
            NoticeKinds.Finished or NoticeKinds.Recovered => "complete",
            NoticeKinds.Error or NoticeKinds.Cancelled when facts.TimedOut => "time-out",
            NoticeKinds.Custom => facts.Data?.GetValueOrDefault(RunEventTypes.CustomName) ?? "event",
            _ => "fail",
        };
    }

    /// <summary>Answers the events that can set a status; <c>*</c> stands for all.</summary>
    public static NoticeKinds KindsOf(string status) => status switch
    {
        "start" => NoticeKinds.Launched,
        "complete" => NoticeKinds.Finished | NoticeKinds.Recovered,
        "fail" => NoticeKinds.Error | NoticeKinds.Cancelled | NoticeKinds.Skipped,
        "time-out" => NoticeKinds.Error | NoticeKinds.Cancelled,
        All => SubscriptionRules.Possible(ReceiverKinds.Overseer),
        _ => NoticeKinds.Custom,
    };

    /// <summary>Answers the name of the job: that of the repository where the run comes from one.</summary>
    public static string Job(Notice notice)
    {
        ArgumentNullException.ThrowIfNull(notice);
        return notice.Facts.Labels?.GetValueOrDefault(RepositoryLabels.Job) ?? notice.Facts.Title(notice.RunId);
    }

    /// <summary>Answers the name of the execution.</summary>
    public static string Execution(Notice notice)
    {
        ArgumentNullException.ThrowIfNull(notice);
        return ExecutionIds.Of(notice.RunId, notice.Facts.DefinedAt);
    }

    /// <summary>Answers the address of the execution; that of the run where the run is none of a repository's job.</summary>
    public static string? Metadata(OutgoingNotice message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.PublicUrl is { } url && message.Notice.Facts.Labels?.GetValueOrDefault(RepositoryLabels.Job) is { } job
            ? RepositoryLabels.ExecutionUrl(url, job, Execution(message.Notice))
            : message.RunUrl;
    }
}
