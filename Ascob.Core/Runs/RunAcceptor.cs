using Ascob.Core.Access;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;
using Ascob.Core.Routing;
using Ascob.Core.Timing;

namespace Ascob.Core.Runs;

/// <summary>Takes jobs in: validates them and has them stored and set going.</summary>
public sealed class RunAcceptor(RunRecorder recorder, Router router, MonotonicClock clock)
{
    /// <summary>Takes a submission.</summary>
    public async Task<Result<Submission>> AcceptAsync(SubmitRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        var begun = clock.Time.GetTimestamp();
        var checkedSpec = Check(request.Spec, caller, request.IsOfRepository);
        return checkedSpec.IsSuccess
            ? await recorder.StoreAsync(
                new NewRunOrder(checkedSpec.Value, caller, begun)
                {
                    Key = NewRunOrder.KeyOf(request.IdempotencyKey, request.BodyHash, caller),
                    Files = request.Files ?? [],
                    Origin = request.Origin,
                },
                cancellationToken).ConfigureAwait(false)
            : checkedSpec.Error;
    }

    /// <summary>Answers how a job would be routed.</summary>
    public Result<RoutingDecision> Explain(JobSpec spec, Caller caller)
    {
        var checkedSpec = Check(spec, caller, isOfRepository: false);
        return checkedSpec.IsSuccess ? router.Decide(checkedSpec.Value, 0) : checkedSpec.Error;
    }

    /// <summary>Answers the job as it is stored, or why it is refused to this caller.</summary>
    internal static Result<JobSpec> Check(JobSpec? spec, Caller caller, bool isOfRepository)
    {
        if (spec is null)
        {
            return Error.Invalid("jobSpec", "is required");
        }

        if (spec.Submitter is null && caller.Submitters is [var only])
        {
            spec = spec with { Submitter = only };
        }

        var errors = JobSpecValidator.Validate(spec);
        if (errors.Count == 0)
        {
            errors = RuntimeVariables.Check(spec);
        }

        if (!isOfRepository)
        {
            errors = [.. errors, .. RepositoryLabels.Refuse(spec)];
        }

        if (errors.Count > 0)
        {
            return Error.Invalid(errors);
        }

        if (!caller.MaySee(spec.Submitter))
        {
            return new Error(ErrorKind.Forbidden, "submitter.forbidden", "This token may not act for that submitter.");
        }

        return spec.ManualStart && !caller.Can(Permissions.JobRunManualStart)
            ? new Error(ErrorKind.Forbidden, "permission.missing", $"A manual-start run needs the permission '{Permissions.JobRunManualStart}'.")
            : spec;
    }
}
