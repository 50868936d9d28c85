using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;

namespace Ascob.Server.Api;

/// <summary>Runs: reading them and acting on them.</summary>
internal static class RunEndpoints
{
    private const int LongestWaitSeconds = 300;

    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/runs").WithTags("Runs");
        runs.MapGet("/{id}", GetAsync).Requires(Permissions.JobRunRead).WithName("GetRun").WithSummary("Read a run")
            .Query<int>("waitSeconds", "Answer when the run is final or this time is over; 0 to 300.").Produces<RunInfo>().Refuses(404);
        runs.MapDelete("/{id}", StopAsync).Requires(Permissions.JobRunAbort).WithName("StopRun").WithSummary("Ask for a stop")
            .Query<bool>("force", "Stop hard at once.").Produces<RunInfo>(202).Refuses(404, 409);
        runs.MapPost("/{id}/start", StartAsync).Requires(Permissions.JobRunManualStart).WithName("StartRun")
            .WithSummary("Release a manual-start run; exactly one caller wins").Produces<RunInfo>().Refuses(404, 409);
        runs.MapPost("/{id}/resubmit", ResubmitAsync).Requires(Permissions.JobRunResubmit).WithName("ResubmitRun")
            .WithSummary("Submit the job of a run again as a new run, with its files").Takes<ResubmitRequest>(required: false)
            .Header(SubmitEndpoints.IdempotencyHeader, "1 to 255 visible ASCII characters; a repeated request with the same key, run and body answers with the first new run.")
            .WithDescription("Answers 201 with the new run's number when it is stored, also where the policy of the run's definition keeps it from starting (prevented). 409 where the definition was deleted.")
            .Produces<ResubmitResponse>(201).Produces<ResubmitResponse>().Refuses(404, 409, 422);
        runs.MapPost("/{id}/refresh", RefreshAsync).Requires(Permissions.JobRunRefresh).WithName("RefreshRun")
            .WithSummary("Ask the backend now").Produces<RunInfo>().Refuses(404);
        runs.MapPost("/{id}/resolve", ResolveAsync).Requires(Permissions.JobRunResolve).WithName("ResolveRun")
            .WithSummary("Give the verdict on a run in doubt").Takes<ResolveRequest>().Produces<RunInfo>().Refuses(404, 409);
    }

    private static async Task GetAsync(HttpContext context, JobService jobs, ServerDrain drain)
    {
        var id = context.RunId();
        if (!context.Request.QueryString.HasValue)
        {
            await Answer.WriteAsync(context, await jobs.GetAsync(id, context.GetCaller(), context.RequestAborted), RunInfo.From);
            return;
        }

        var query = new QueryReader(context.Request.Query);
        var wait = query.Number("waitSeconds", 0, LongestWaitSeconds) ?? 0;
        query.Done();
        var result = wait == 0
            ? await jobs.GetAsync(id, context.GetCaller(), context.RequestAborted)
            : await WaitAsync(context, jobs, drain, id, TimeSpan.FromSeconds(wait));
        await Answer.WriteAsync(context, result, RunInfo.From);
    }

    private static async Task<Result<Run>> WaitAsync(HttpContext context, JobService jobs, ServerDrain drain, long id, TimeSpan wait)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, drain.Begun);
        try
        {
            return await jobs.WaitAsync(id, wait, context.GetCaller(), stop.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The server is being left: the run as it stands is a good answer to a wait that ended early.
            return await jobs.GetAsync(id, context.GetCaller(), context.RequestAborted);
        }
    }

    private static async Task StopAsync(HttpContext context, JobService jobs)
    {
        var id = context.RunId();
        var query = new QueryReader(context.Request.Query);
        var force = query.Flag("force");
        query.Done();
        var result = await jobs.StopAsync(id, force, context.GetCaller(), context.RequestAborted);
        await Answer.WriteAsync(context, result, RunInfo.From, StatusCodes.Status202Accepted);
    }

    private static async Task StartAsync(HttpContext context, JobService jobs) => await Answer.WriteAsync(
        context, await jobs.StartAsync(context.RunId(), context.GetCaller(), context.RequestAborted), RunInfo.From);

    private static async Task ResubmitAsync(HttpContext context, JobService jobs)
    {
        var id = context.RunId();
        var key = SubmitEndpoints.ReadKey(context.Request);
        var body = await RequestBody.ReadOptionalAsync<ResubmitRequest>(context);
        var result = await jobs.ResubmitAsync(id, new ResubmitOverrides(body?.Submitter, body?.Parameters, key), context.GetCaller(), context.RequestAborted);
        await (result.IsSuccess ? SubmitEndpoints.AnswerAsync(context, result.Value, new ResubmitResponse(result.Value.RunId, result.Value.Prevented)) : Problems.WriteAsync(context, result.Error));
    }

    private static async Task RefreshAsync(HttpContext context, JobService jobs) => await Answer.WriteAsync(
        context, await jobs.RefreshAsync(context.RunId(), context.GetCaller(), context.RequestAborted), RunInfo.From);

    private static async Task ResolveAsync(HttpContext context, JobService jobs)
    {
        var id = context.RunId();
        var body = await RequestBody.ReadAsync<ResolveRequest>(context);
        var errors = new List<FieldError>();
        if (body.Verdict is null)
        {
            errors.Add(new FieldError("verdict", "adopt, not_started or failed."));
        }

        if (string.IsNullOrWhiteSpace(body.Reason) || body.Reason.Length > 2000)
        {
            errors.Add(new FieldError("reason", "Why, in 1 to 2000 characters."));
        }
        else if (TextRules.Lines(body.Reason) is { } problem)
        {
            errors.Add(new FieldError("reason", problem));
        }

        if (body.BackendKeys?.Any(k => TextRules.Line(k.Key) is not null || k.Value is null || TextRules.Line(k.Value) is not null) == true)
        {
            errors.Add(new FieldError("backendKeys", "Names and values must be text of one line."));
        }

        if (body.Verdict == ResolutionVerdict.Adopt && body.BackendKeys is not { Count: > 0 })
        {
            errors.Add(new FieldError("backendKeys", "Needed to find the job, when it is adopted."));
        }

        if (errors.Count > 0)
        {
            throw new RequestRefusedException(Error.Invalid(errors));
        }

        var resolution = new Resolution(body.Verdict!.Value, body.BackendKeys, body.Reason!);
        await Answer.WriteAsync(context, await jobs.ResolveAsync(id, resolution, context.GetCaller(), context.RequestAborted), RunInfo.From);
    }
}
