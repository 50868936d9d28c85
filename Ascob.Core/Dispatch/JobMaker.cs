using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Callbacks;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Dispatch;

/// <summary>Makes what the backend gets of a run: variables resolved, secrets in clear, files listed. The only place where secrets are decrypted.</summary>
public sealed class JobMaker(ISecretProtector protector, CallbackIds callbackIds, IRunFileStore files, IOptions<EngineOptions> options)
{
    /// <summary>Makes the job of the run's present attempt.</summary>
    public async Task<BackendJob> MakeAsync(Run run, BackendEntry backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(backend);
        var clear = SecretSplit.Reveal(run.ProtectedSecrets, protector);
        var spec = Resolve(run with { Spec = SecretSplit.Join(run.Spec, clear) }, out var callbackId, out var callbackUrl);
        var attached = MayHaveFiles(run) ? await files.ListAsync(run.Id, cancellationToken).ConfigureAwait(false) : [];
        return new BackendJob
        {
            RunId = run.Id,
            Marker = run.Marker,
            Attempt = run.Attempt,
            Spec = spec with { SecretParameters = null },
            Secrets = spec.SecretParameters ?? new Dictionary<string, string>(),
            CallbackId = callbackId,
            CallbackUrl = backend.Options.Callbacks ? callbackUrl : null,
            Fences = run.Fences ?? new Dictionary<string, long>(),
            Facts = RepositoryLabels.Facts(run, options.Value.PublicUrl),
            Files =
            [
                .. attached.Select(f => new BackendFile(
                    f.Name, f.Size, ct => files.OpenAsync(run.Id, f.Name, ct), ct => files.LocateAsync(run.Id, f.Name, ct))),
            ],
            IntentAt = run.IntentAt ?? run.DefinedAt,
            IntentPlace = run.IntentAt is null ? null : run.IntentPlace,
        };
    }

    /// <summary>Answers the names of the locks that a run wants, variables resolved.</summary>
    public IReadOnlyList<LockSpec> LocksOf(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);

        // They are taken once for all attempts, so their names are those of the first.
        return run.Spec.HasLocks ? Resolve(run with { Attempt = 1 }, out _, out _).Locks! : [];
    }

    // Files come with the submission, or while the run is held in DEFINED: all other runs are spared the question.
    private static bool MayHaveFiles(Run run) => run.HasFiles || run.Spec.ManualStart;

    private JobSpec Resolve(Run run, out string callbackId, out string? callbackUrl)
    {
        callbackId = callbackIds.For(run.Id, run.MarkerId, run.Attempt);
        callbackUrl = options.Value.PublicUrl is { } baseUrl
            ? $"{baseUrl.TrimEnd('/')}/api/webhooks/runs/{callbackId}"
            : null;
        return RuntimeVariables.Resolve(run.Spec, new RuntimeVariableValues(
            run.Id,
            run.Spec.Submitter,
            callbackId,
            callbackUrl));
    }
}
