using Ascob.Core.Runs;

namespace Ascob.Core.Monitoring;

/// <summary>What is still to be done for a run at its backend, because somebody asked for it at a process that does not reach the job.</summary>
public interface IRunErrands
{
    /// <summary>Does it for those of the runs for which something is to be done. This process reaches their jobs, and asks at each look; where nothing new stands in a run's timeline that must cost nothing.</summary>
    Task RunAsync(IReadOnlyList<Run> runs, CancellationToken cancellationToken);
}
