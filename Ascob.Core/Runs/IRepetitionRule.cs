using Ascob.Core.Errors;

namespace Ascob.Core.Runs;

/// <summary>Says which runs may not be submitted again, whichever door is asked.</summary>
public interface IRepetitionRule
{
    /// <summary>Answers why a run may not be submitted again; null where it may.</summary>
    /// <param name="run">The run whose job would be submitted again.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    Task<Error?> RefusalAsync(Run run, CancellationToken cancellationToken);
}
