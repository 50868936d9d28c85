using System.Text.Json;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;

namespace Ascob.Server.Repository;

/// <summary>Makes the jobs of the repository's definitions, whoever launches them: a schedule or one of the other interfaces as Overseer's own.</summary>
internal sealed class RepositoryForm(IRepositoryStore store, RepositoryJobs jobs) : ILaunchForm
{
    /// <inheritdoc/>
    public string Source => DefinitionPublisher.Source;

    /// <inheritdoc/>
    public async Task<Result<JobSpec>> MakeAsync(Definition definition, JsonElement? parameters, CancellationToken cancellationToken)
    {
        if ((await store.ReadAsync(cancellationToken)).State.Jobs.GetValueOrDefault(definition.Name) is not { } known)
        {
            return Gone(definition.Name);
        }

        return known.Active
            ? jobs.Make(known, parameters is { ValueKind: JsonValueKind.Object } values ? new JobValues(values, IsForm: false) : JobValues.None)
            : Overseer.Inactive(definition.Name);
    }

    /// <summary>The answer for a job that a commit has removed.</summary>
    internal static Error Gone(string name) => new(ErrorKind.Conflict, "job.gone", $"The job '{name}' is no longer in the repository.");
}
