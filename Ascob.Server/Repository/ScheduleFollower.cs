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
        var specs = known.Job.Schedule.Select(t => t.ToSpec()).ToList();
        if (await schedules.SetAllAsync(definition.Id, specs, Actor, "schedule", cancellationToken) is { } refused)
        {
            LogRefused(logger, definition.Name, refused.Fields?.Values.First().First() ?? refused.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The job {Job} of the repository does not run by itself: {Reason}")]
    private static partial void LogRefused(ILogger logger, string job, string reason);
}
