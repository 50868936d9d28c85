using Ascob.Core.Access;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;
using Ascob.Core.Timing;

namespace Ascob.Core.Runs;

/// <summary>Submits jobs of runs again, with their files and secrets.</summary>
public sealed class RunResubmitter(RunRecorder recorder, IRunFileStore files, ISecretProtector protector, ILaunchPolicies policies, MonotonicClock clock)
{
    /// <summary>Submits the job of a run again. Where it is one of a definition, the definition's present policy counts as it does for a launch.</summary>
    public async Task<Result<Submission>> ResubmitAsync(Run source, ResubmitOverrides overrides, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(overrides);
        if (overrides.Parameters is { Count: > 0 } && source.Spec.Label(RepositoryLabels.Job) is { } job)
        {
            // They hold the program itself or what it was checked for.
            return Error.Invalid("parameters", $"The values of a job of the repository are checked by the job: POST /jobs/{Uri.EscapeDataString(job)} with other ones.");
        }

        if (overrides.Parameters is { Count: > 0 } && source is { DefinitionId: not null, DefinitionName: { } definition })
        {
            // The definition's schema would have to take them, and what its template made of the old ones stands in the job.
            return Error.Invalid("parameters", $"The run is one of the definition '{definition}', which checks and uses its values at a launch: POST /api/definitions/{Uri.EscapeDataString(definition)}/runs with other ones.");
        }

        var spec = SecretSplit.Join(source.Spec, SecretSplit.Reveal(source.ProtectedSecrets, protector));
        var begun = clock.Time.GetTimestamp();
        spec = overrides.ApplyTo(spec) with { ManualStart = false };
        var checkedSpec = RunAcceptor.Check(spec, caller, isOfRepository: true);
        if (!checkedSpec.IsSuccess)
        {
            return checkedSpec.Error;
        }

        var shared = await files.ListAsync(source.Id, cancellationToken).ConfigureAwait(false);
        var order = new NewRunOrder(checkedSpec.Value, caller, begun)
        {
            ParentId = source.ParentId ?? source.Id,
            Origin = await OriginOfAsync(source, cancellationToken).ConfigureAwait(false),
            SharesFilesOf = shared.Count > 0 ? source.Id : null,
            Key = overrides.IdempotencyKey is null ? null : NewRunOrder.KeyOf(overrides.IdempotencyKey, overrides.Hash(source.Id), caller),
        };
        return await recorder.StoreAsync(order, cancellationToken).ConfigureAwait(false);
    }

    // The transaction that stores the run finds out where the definition is gone; no policy is needed for that.
    private async Task<RunOrigin?> OriginOfAsync(Run source, CancellationToken cancellationToken) =>
        source is { DefinitionId: { } definition, DefinitionName: { } name, DefinitionVersion: { } version, Cause: { } cause }
            ? new RunOrigin(definition, name, version, cause) { Policy = await policies.FindAsync(definition, cancellationToken).ConfigureAwait(false) ?? LaunchPolicy.Always }
            : null;
}
