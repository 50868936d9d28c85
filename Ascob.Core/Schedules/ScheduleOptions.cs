using System.ComponentModel.DataAnnotations;

namespace Ascob.Core.Schedules;

/// <summary>How schedules are fired. Bound to <c>Ascob:Schedules</c>.</summary>
public sealed class ScheduleOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "Ascob:Schedules";

    /// <summary>Gets or sets whether this server fires schedules; another one that shares the database still may.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Gets or sets how late a firing may begin and still be none that was missed.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan MissedAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets after which time another server launches what a server had in hand that does not answer.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "00:10:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long a launch that fails for a passing reason is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Gets or sets how long the record of a firing is kept; zero for ever.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan KeepTicks { get; set; } = TimeSpan.FromDays(14);

    /// <summary>Gets or sets how many schedules one server takes in hand at once.</summary>
    [Range(1, 1000)]
    public int BatchSize { get; set; } = 200;

    /// <summary>Gets or sets how many launches one server has under way at once.</summary>
    [Range(1, 256)]
    public int Parallelism { get; set; } = 16;
}
