namespace Ascob.Core.Callbacks;

/// <summary>How much a job may report by callback. Set by <c>Ascob:Limits</c>.</summary>
public sealed class CallbackLimits
{
    /// <summary>Gets or sets how many events reports may make in the timeline of one run; beyond it only a forward move of the status is taken.</summary>
    public int MaxEvents { get; set; } = 1000;

    /// <summary>Gets or sets how many characters the message of a report may have.</summary>
    public int MaxMessage { get; set; } = 4000;
}
