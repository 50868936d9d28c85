using Ascob.Core.Kuroko2;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;

namespace Ascob.Backends.Notifications;

/// <summary>The words of messages to people, and kuroko2's levels and actions.</summary>
internal static class NoticeTexts
{
    public const string Info = "INFO";
    public const string Warning = "WARNING";
    public const string Failure = "FAILURE";
    public const string Critical = "CRITICAL";
    public const string Success = "SUCCESS";

    public static string Level(Notice notice) => TextKind(notice) switch
    {
        NoticeKinds.Launched or NoticeKinds.Retried or NoticeKinds.Custom => Info,
        NoticeKinds.Skipped or NoticeKinds.Cancelled or NoticeKinds.LongerThanExpected => Warning,
        NoticeKinds.Error => Failure,
        NoticeKinds.InDoubt => Critical,
        _ => Success,
    };

    public static string Subject(Notice notice) => Subject(TextKind(notice), notice.Facts.Title(notice.RunId));

    public static string Action(Notice notice) => Action(TextKind(notice));

    /// <summary>Answers why it happened; null where nothing is known.</summary>
    public static string? Reason(Notice notice) => notice.Kind == NoticeKinds.Custom ? notice.Facts.Data?.GetValueOrDefault(RunEventTypes.CustomCause) ?? notice.Facts.Reason : notice.Facts.Reason;

    /// <summary>Answers whether it tells of a command of a script that failed and was skipped; the run goes on.</summary>
    public static bool IsSkippedFailure(Notice notice) =>
        notice.Kind == NoticeKinds.Custom && notice.Facts.Data?.GetValueOrDefault(RunEventTypes.CustomName) == ScriptEvents.SkippedFailure;

    // Whoever is told of such an event is told of a failure, as by kuroko2.
    private static NoticeKinds TextKind(Notice notice) => IsSkippedFailure(notice) ? NoticeKinds.Error : notice.Kind;

    private static string Subject(NoticeKinds kind, string name) => kind switch
    {
        NoticeKinds.Launched => $"Launched '{name}'",
        NoticeKinds.Retried => $"Retrying '{name}'",
        NoticeKinds.Skipped => $"Skipped '{name}'",
        NoticeKinds.Cancelled => $"Cancelled '{name}'",
        NoticeKinds.Error => $"Failed to execute '{name}'",
        NoticeKinds.InDoubt => $"Nobody knows what became of '{name}'",
        NoticeKinds.LongerThanExpected => $"'{name}' takes longer than expected",
        NoticeKinds.Recovered => $"'{name}' is back to normal",
        NoticeKinds.Custom => $"Event of '{name}'",
        _ => $"Finished to execute '{name}'",
    };

    private static string Action(NoticeKinds kind) => kind switch
    {
        NoticeKinds.Launched => "notify_launch",
        NoticeKinds.Retried => "notify_retrying",
        NoticeKinds.Skipped or NoticeKinds.Cancelled => "notify_cancellation",
        NoticeKinds.Error => "notify_failure",
        NoticeKinds.InDoubt => "notify_critical",
        NoticeKinds.LongerThanExpected => "notify_long_elapsed_time",
        NoticeKinds.Recovered => "notify_back_to_normal",
        NoticeKinds.Custom => "notify_event",
        _ => "notify_finished",
    };
}
