using Ascob.Core.Errors;
using Ascob.Core.Runs;

namespace Ascob.Server.Repository;

/// <summary>A job that was taken out of the active ones, or that is no longer in the repository, is not run again by repeating one of its executions either.</summary>
internal sealed class RepositoryRepetition(IRepositoryStore store) : IRepetitionRule
{
    /// <inheritdoc/>
    public async Task<Error?> RefusalAsync(Run run, CancellationToken cancellationToken) => Overseer.JobOf(run) is not { } job ? null
        : (await store.ReadAsync(cancellationToken)).State.Jobs.GetValueOrDefault(job) is not { } known ? RepositoryForm.Gone(job)
        : known.Active ? null : Overseer.Inactive(job);
}
