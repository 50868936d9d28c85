namespace Ascob.Core.Kuroko2;

/// <summary>Counts what kuroko2's statistics tell, each with one question however many definitions and runs there are.</summary>
public interface IInstanceCounts
{
    /// <summary>Counts the definitions whose newest failure is neither acknowledged nor made good.</summary>
    Task<int> FailedDefinitionsAsync(CancellationToken cancellationToken);

    /// <summary>Counts the runs that were defined before a time and are not at their backend yet, by queue; queues of which none waits may be missing.</summary>
    Task<IReadOnlyDictionary<string, int>> WaitingAsync(IReadOnlyCollection<string> queues, DateTimeOffset before, CancellationToken cancellationToken);
}
