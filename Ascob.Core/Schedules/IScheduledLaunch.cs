using Ascob.Core.Errors;

namespace Ascob.Core.Schedules;

/// <summary>Launches the definition of a schedule.</summary>
public interface IScheduledLaunch
{
    /// <summary>
    /// Launches it with the firing's key (<see cref="ScheduleTick.Key"/>): the same firing again answers the first one's run. An error of the kind <see cref="ErrorKind.Unavailable"/> or
    /// <see cref="ErrorKind.TooMany"/> is a passing one.
    /// </summary>
    Task<Result<ScheduledLaunch>> LaunchAsync(ClaimedTick tick, CancellationToken cancellationToken);

    /// <summary>Answers what was launched with the firing's key before; null for nothing.</summary>
    Task<ScheduledLaunch?> FindAsync(ClaimedTick tick, CancellationToken cancellationToken);
}

/// <summary>What a launch led to.</summary>
/// <param name="RunId">The run; null where the definition is suspended.</param>
/// <param name="Prevented">Whether the definition's policy prevented it; the run says so.</param>
public sealed record ScheduledLaunch(long? RunId, bool Prevented = false);
