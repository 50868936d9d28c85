using Ascob.Core.Callbacks;

namespace Ascob.Server.Configuration;

/// <summary>Bounds. Bound to <c>Ascob:Limits</c>.</summary>
internal sealed class LimitsOptions
{
    public const string Section = "Ascob:Limits";

    /// <summary>Gets or sets the largest input file, and the largest sum of the files in one submission.</summary>
    public long MaxFileBytes { get; set; } = 1L << 30;

    /// <summary>Gets or sets how much output of one stream of a run is kept.</summary>
    public long MaxOutputBytes { get; set; } = 10L << 20;

    /// <summary>Gets or sets the largest request body where no file is sent.</summary>
    public long MaxBodyBytes { get; set; } = 1L << 20;

    /// <summary>Gets or sets how long a manual-start run may wait for its start.</summary>
    public TimeSpan ManualStartDeadline { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Gets or sets how many events callbacks may make in the timeline of one run.</summary>
    public int MaxCallbackEvents { get; set; } = new CallbackLimits().MaxEvents;

    /// <summary>Gets or sets how many characters the message of a callback may have.</summary>
    public int MaxCallbackMessage { get; set; } = new CallbackLimits().MaxMessage;

    /// <summary>Gets or sets how many definitions one document of the catalogue shows.</summary>
    public int MaxCatalogue { get; set; } = 5_000;
}
