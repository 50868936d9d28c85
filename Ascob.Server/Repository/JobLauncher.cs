using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;
using Ascob.Core.Runs;

namespace Ascob.Server.Repository;

/// <summary>Makes runs of repository jobs.</summary>
internal sealed class JobLauncher(RepositoryJobs made, DefinitionLauncher definitions, IDefinitionStore store, JobService jobs)
{
    /// <summary>
    /// Launches a job with values: as a run of its definition. Where there is none (a definition made over the API has the name, or this server applied the commit a moment ago), as a run of its own.
    /// </summary>
    public async Task<Result<long>> LaunchAsync(KnownJob known, JobValues values, string? submitter, string? key, string cause, Caller caller, CancellationToken cancellationToken)
    {
        var spec = made.Make(known, values);
        if (!spec.IsSuccess)
        {
            return spec.Error;
        }

        var job = spec.Value with { Submitter = submitter };
        if (await store.FindAsync(known.Job.Name, cancellationToken) is { Source: DefinitionPublisher.Source } definition)
        {
            var launch = new LaunchRequest { Id = definition.Id, JobSpec = job, IsOfSource = true, Submitter = submitter, IdempotencyKey = key, Cause = new RunCause(RunCause.Overseer, cause) };
            var launched = await definitions.LaunchAsync(launch, caller, cancellationToken);
            return launched.IsSuccess ? launched.Value.RunId : launched.Error;
        }

        var submitted = await jobs.SubmitAsync(new SubmitRequest(job, key, CanonicalJobSpec.Hash(job)), caller, cancellationToken);
        return submitted.IsSuccess ? submitted.Value.RunId : submitted.Error;
    }
}
