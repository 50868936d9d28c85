using Ascob.Core.Definitions;
using Ascob.Core.Repository;
using Ascob.Core.Schedules;

namespace Ascob.Server.Repository;

/// <summary>Gives the definition of a repository job the schedules of its file.</summary>
internal sealed partial class ScheduleFollower(ScheduleService schedules, ILogger<ScheduleFollower> logger) : IDefinitionFollower
{
    private const string Actor = "repository";

    /// <inheritdoc/>
    public async Task FollowAsync(Definition definition, KnownJob known, CancellationToken cancellationToken)
    {
        var specs = known.Job.Schedule.Select(Spec).ToList();
        if (await schedules.SetAllAsync(definition.Id, specs, Actor, "schedule", cancellationToken) is { } refused)
        {
            LogRefused(logger, definition.Name, refused.Fields?.Values.First().First() ?? refused.Message);
        }
    }

    /// <summary>
    /// Puts a trigger into the words of schedules. What was missed while no server was there is not made up for, as Overseer has it; a run that is still under way keeps none from starting.
    /// </summary>
    internal static ScheduleSpec Spec(JobTrigger trigger) => new()
    {
        Cron = trigger.Cron,
        EverySeconds = trigger.Seconds is { } seconds ? (long)Math.Ceiling(seconds) : null,
        StartAt = trigger.Time,
        Priority = trigger.Priority,
        CatchUp = new CatchUpSpec(CatchUpPolicy.None),
        Overlap = OverlapPolicy.Allow,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The job {Job} of the repository does not run by itself: {Reason}")]
    private static partial void LogRefused(ILogger logger, string job, string reason);
}
