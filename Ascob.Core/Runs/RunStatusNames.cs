namespace Ascob.Core.Runs;

/// <summary>The spelling of <see cref="RunStatus"/> on the wire and in the store.</summary>
public static class RunStatusNames
{
    private static readonly Dictionary<string, RunStatus> Parsed = Enum.GetValues<RunStatus>()
        .ToDictionary(s => s.ToWire(), s => s, StringComparer.Ordinal);

    /// <summary>Gets every status that no trigger leaves.</summary>
    public static IReadOnlyList<RunStatus> Final { get; } = [RunStatus.Succeeded, RunStatus.Failed, RunStatus.Aborted];

    /// <summary>Answers the wire spelling, such as <c>IN_DOUBT</c>.</summary>
    public static string ToWire(this RunStatus status) => status switch
    {
        RunStatus.Defined => "DEFINED",
        RunStatus.WaitingLocks => "WAITING_LOCKS",
        RunStatus.PendingSubmit => "PENDING_SUBMIT",
        RunStatus.Submitted => "SUBMITTED",
        RunStatus.Running => "RUNNING",
        RunStatus.InDoubt => "IN_DOUBT",
        RunStatus.Aborting => "ABORTING",
        RunStatus.Succeeded => "SUCCEEDED",
        RunStatus.Failed => "FAILED",
        RunStatus.Aborted => "ABORTED",
    };

    /// <summary>Reads the wire spelling; the original's <c>SUCCEDED</c> is accepted too. Anything else is refused, never guessed.</summary>
    public static bool TryParse(string? text, out RunStatus status)
    {
        status = default;
        return text is not null && Parsed.TryGetValue(text == "SUCCEDED" ? "SUCCEEDED" : text, out status);
    }

    /// <summary>Answers whether nothing leaves this status.</summary>
    public static bool IsFinal(this RunStatus status) =>
        status is RunStatus.Succeeded or RunStatus.Failed or RunStatus.Aborted;
}
