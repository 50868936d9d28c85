namespace Ascob.Core.Notifications;

/// <summary>What people are told about a run. A set, so that a subscription can want several.</summary>
[Flags]
public enum NoticeKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The run was stored.</summary>
    Launched = 1,

    /// <summary>The run was not carried out: its definition forbids a second one, or its locks were taken and its policy is to skip.</summary>
    Skipped = 2,

    /// <summary>Another attempt of the run begins.</summary>
    Retried = 4,

    /// <summary>The run ended <c>FAILED</c>.</summary>
    Error = 8,

    /// <summary>Nobody knows what became of the run; a person may have to decide.</summary>
    InDoubt = 16,

    /// <summary>The run was stopped and ended <c>ABORTED</c>.</summary>
    Cancelled = 32,

    /// <summary>The run ended <c>SUCCEEDED</c>.</summary>
    Finished = 64,

    /// <summary>The run ended <c>SUCCEEDED</c> after the one before it, of the same definition or chain, had failed. It has finished too: who wants <see cref="Finished"/> gets it.</summary>
    Recovered = 128,

    /// <summary>The run takes longer than expected and goes on.</summary>
    LongerThanExpected = 256,

    /// <summary>An event that the job or a person made, with a name of its own.</summary>
    Custom = 512,
}

/// <summary>The spelling of <see cref="NoticeKinds"/> on the wire and in the store.</summary>
public static class NoticeWords
{
    private static readonly (NoticeKinds Kind, string Word)[] Words =
    [
        (NoticeKinds.Launched, "launched"),
        (NoticeKinds.Skipped, "skipped"),
        (NoticeKinds.Retried, "retried"),
        (NoticeKinds.Error, "error"),
        (NoticeKinds.InDoubt, "in_doubt"),
        (NoticeKinds.Cancelled, "cancelled"),
        (NoticeKinds.Finished, "finished"),
        (NoticeKinds.Recovered, "recovered"),
        (NoticeKinds.LongerThanExpected, "longer_than_expected"),
        (NoticeKinds.Custom, "custom"),
    ];

    /// <summary>Gets all words.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Words.Select(w => w.Word)];

    /// <summary>Answers the word of one kind.</summary>
    public static string ToWord(this NoticeKinds kind) =>
        Array.Find(Words, w => w.Kind == kind).Word ?? throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not one kind.");

    /// <summary>Answers the words of a set.</summary>
    public static IReadOnlyList<string> ToWords(this NoticeKinds kinds) => [.. Words.Where(w => kinds.HasFlag(w.Kind)).Select(w => w.Word)];

    /// <summary>Reads one word.</summary>
    public static bool TryParse(string? word, out NoticeKinds kind)
    {
        kind = Array.Find(Words, w => w.Word == word).Kind;
        return kind != NoticeKinds.None;
    }
}
