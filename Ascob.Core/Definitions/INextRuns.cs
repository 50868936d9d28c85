namespace Ascob.Core.Definitions;

/// <summary>Tells when definitions are launched next by themselves. Known to whoever keeps schedules; where nobody does, nothing is launched by itself.</summary>
public interface INextRuns
{
    /// <summary>Answers the next time by the number of the definition; those without one are missing.</summary>
    Task<IReadOnlyDictionary<long, DateTimeOffset>> NextAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken);
}
