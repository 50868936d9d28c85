using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>Taking jobs in, and answering where they would go.</summary>
internal static class SubmitEndpoints
{
    public const string IdempotencyHeader = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotent-Replayed";
    private const int LongestKey = 255;

    public static void MapSubmission(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/runs", SubmitAsync).Requires(Permissions.JobSubmit).WithTags("Runs").WithName("SubmitRun").WithSummary("Submit a job")
            .WithDescription("Answers 201 with the run's number when the run is stored. With an Idempotency-Key that was seen before: 200 with the first run's number.")
            .Takes<SubmitRunRequest>(multipart: true)
            .Header(IdempotencyHeader, "1 to 255 visible ASCII characters; a repeated submission with the same key and body answers with the first run.")
            .Produces<SubmitRunResponse>(201).Produces<SubmitRunResponse>().Refuses(413, 415, 422);
        routes.MapPost("/api/routing/explain", ExplainAsync).Requires(Permissions.JobSubmit).WithTags("Routing").WithName("ExplainRouting")
            .WithSummary("Tell which backend would take a job, and why; changes nothing").Takes<SubmitRunRequest>().Produces<ExplainResponse>().Refuses(422);
    }

    private static async Task SubmitAsync(HttpContext context, JobService jobs, MultipartSubmissions multipart)
    {
        var key = ReadKey(context.Request);
        if (context.Request.HasFormContentType)
        {
            await using var form = await multipart.ReadAsync(context);
            var hash = key is null ? null : form.Hash();
            await AcceptAsync(context, jobs, new SubmitRequest(form.Spec, key, hash, form.Files));
            return;
        }

        var spec = SpecOf(await RequestBody.ReadAsync<SubmitRunRequest>(context));
        await AcceptAsync(context, jobs, new SubmitRequest(spec, key, key is null ? null : HashOf(spec)));
    }

    private static async Task AcceptAsync(HttpContext context, JobService jobs, SubmitRequest request)
    {
        // A manual-start run is released by the same right; without it nobody could have meant this.
        if (request.Spec.ManualStart && !context.GetCaller().Can(Permissions.JobRunManualStart))
        {
            await Problems.WriteAsync(context, new Error(
                ErrorKind.Forbidden, "access.forbidden", $"The token does not hold the permission {Permissions.JobRunManualStart}, which manualStart needs."));
            return;
        }

        var result = await jobs.SubmitAsync(request, context.GetCaller(), context.RequestAborted);
        if (!result.IsSuccess)
        {
            await Problems.WriteAsync(context, result.Error);
            return;
        }

        await AnswerAsync(context, result.Value, new SubmitRunResponse(result.Value.RunId));
    }

    /// <summary>Answers with the number of the new run, or of the earlier one that the idempotency key stands for.</summary>
    public static Task AnswerAsync<T>(HttpContext context, Submission submission, T body)
    {
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/api/runs/{submission.RunId}");
        if (submission.Replayed)
        {
            context.Response.Headers[ReplayedHeader] = "true";
        }

        return Answer.JsonAsync(
            context,
            body,
            submission.Replayed ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    private static async Task ExplainAsync(HttpContext context, JobService jobs)
    {
        var spec = SpecOf(await RequestBody.ReadAsync<SubmitRunRequest>(context));
        await Answer.WriteAsync(context, jobs.Explain(spec, context.GetCaller()), ExplainResponse.From);
    }

    public static JobSpec SpecOf(SubmitRunRequest request) =>
        request.JobSpec ?? throw new RequestRefusedException(Error.Invalid("jobSpec", "The job is missing."));

    /// <summary>Hashes a job that is valid; the hash of an invalid one is never used, because it is refused first.</summary>
    public static string HashOf(JobSpec spec)
    {
        var errors = JobSpecValidator.Validate(spec);
        return errors.Count == 0 ? CanonicalJobSpec.Hash(spec) : throw new RequestRefusedException(Error.Invalid(errors));
    }

    /// <summary>Reads the idempotency key; null for none.</summary>
    public static string? ReadKey(HttpRequest request)
    {
        var values = request.Headers[IdempotencyHeader];
        if (values.Count == 0)
        {
            return null;
        }

        return values is [{ Length: > 0 and <= LongestKey } key] && key.All(c => c is >= '!' and <= '~')
            ? key
            : throw new RequestRefusedException(Error.Invalid(IdempotencyHeader, $"1 to {LongestKey} visible ASCII characters, once."));
    }
}
