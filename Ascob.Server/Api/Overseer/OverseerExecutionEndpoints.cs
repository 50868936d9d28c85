using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Overseer;

/// <summary>Overseer's executions: what became of a job that was run, what it wrote, and its events.</summary>
internal static class OverseerExecutionEndpoints
{
    /// <summary>The most characters of a cause.</summary>
    public const int LongestCause = 2000;

    private const int ExecutionSegment = 2;
    private const int EventSegment = 3;

    public static void MapOverseerExecutions(this IEndpointRouteBuilder routes)
    {
        var executions = routes.MapGroup("/jobs/{name}/{execution}").WithTags("Overseer");
        executions.MapGet("/", GetAsync).Requires(Permissions.JobRunRead).WithName("GetOverseerExecution").WithSummary("Read an execution with its events")
            .Produces<OverseerExecution>().Refuses(404);
        executions.MapPost("/", RepeatAsync).Requires(Permissions.DefinitionLaunch).WithName("RepeatOverseerExecution").WithSummary("Execute the job again with the same values")
            .Query<string>("commit", "same: in the files of the same commit; otherwise the job as it is now.")
            .Header(SubmitEndpoints.IdempotencyHeader, "1 to 255 visible ASCII characters; a repeated request with the same key answers with the first new execution.")
            .Produces<OverseerStarted>(201).Refuses(404, 409, 422);
        executions.MapPut("/", CreateEventAsync).Requires(Permissions.DefinitionLaunch).WithName("CreateOverseerEvent")
            .WithSummary("Create an event; stop, continue, terminate and kill send their signal to a job that runs").Takes<OverseerEventRequest>()
            .Produces<OverseerEvent>().Refuses(404, 409, 415, 429);
        Describe(executions.MapGet("/stdout", (HttpContext c, Server.Repository.Overseer o, JobService j, ServerDrain d) => ReadAsync(c, o, j, d, OutputChannel.Stdout)))
            .WithName("GetOverseerStdout").WithSummary("Read the standard output of an execution");
        Describe(executions.MapGet("/stderr", (HttpContext c, Server.Repository.Overseer o, JobService j, ServerDrain d) => ReadAsync(c, o, j, d, OutputChannel.Stderr)))
            .WithName("GetOverseerStderr").WithSummary("Read the standard error of an execution");
        Describe(executions.MapGet("/output", (HttpContext c, Server.Repository.Overseer o, JobService j, ServerDrain d) => ReadAsync(c, o, j, d, OutputChannel.Combined)))
            .WithName("GetOverseerOutput").WithSummary("Read both outputs of an execution in the order of their coming");
        executions.MapGet("/{event}", GetEventAsync).Requires(Permissions.JobRunRead).WithName("GetOverseerEvent")
            .WithSummary("Read an event of an execution: one record, or a list with the newest first where it happened more than once").Produces<OverseerEvent>().Refuses(404);
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) => route
        .Requires(Permissions.JobRunOutput)
        .Query<long>("offset", "Start at this byte.")
        .Query<bool>("follow", "Stream until the execution has ended.")
        .Header("Range", "One range of bytes.")
        .Produces<string>(200, "text/plain").Produces<string>(206, "text/plain").Refuses(404, 409, 416);

    private static Task<Result<Run>> FindAsync(HttpContext context, Server.Repository.Overseer overseer) => overseer.ExecutionAsync(
        context.Name("name", OverseerJobEndpoints.JobSegment), context.Name("execution", ExecutionSegment), context.GetCaller(), context.RequestAborted);

    private static async Task GetAsync(HttpContext context, Server.Repository.Overseer overseer)
    {
        var found = await FindAsync(context, overseer);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        await Answer.JsonAsync(context, OverseerWire.Execution(found.Value, await overseer.EventsAsync(found.Value, context.RequestAborted)));
    }

    private static async Task RepeatAsync(HttpContext context, Server.Repository.Overseer overseer, IOptions<EngineOptions> engine)
    {
        var key = SubmitEndpoints.ReadKey(context.Request);
        var query = new QueryReader(context.Request.Query);
        var commit = query.Text("commit");
        if (commit is not (null or "same"))
        {
            query.Refuse("commit", "same, or left out.");
        }

        query.Done();
        var found = await FindAsync(context, overseer);
        await OverseerJobEndpoints.AnswerAsync(
            context, found.IsSuccess ? await overseer.RepeatAsync(found.Value, commit is not null, key, context.GetCaller(), context.RequestAborted) : found, engine.Value);
    }

    private static async Task CreateEventAsync(HttpContext context, Server.Repository.Overseer overseer)
    {
        var body = await RequestBody.ReadAsync<OverseerEventRequest>(context);
        Check(body);
        var found = await FindAsync(context, overseer);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        await Answer.WriteAsync(
            context, await overseer.CreateEventAsync(found.Value, body.Event!, body.Cause, body.Id, context.GetCaller(), context.RequestAborted), OverseerWire.Event);
    }

    /// <summary>Refuses an event without a name, and texts that no store takes.</summary>
    public static void Check(OverseerEventRequest body)
    {
        var errors = new List<FieldError>();
        if (string.IsNullOrEmpty(body.Event))
        {
            errors.Add(new FieldError("event", "The name of the event is needed."));
        }

        if (body.Cause is { } cause && (cause.Length > LongestCause || TextRules.Lines(cause) is not null))
        {
            errors.Add(new FieldError("cause", $"Why, in at most {LongestCause} characters."));
        }

        if (body.Id is { } id && (id.Length is 0 or > 200 || TextRules.Line(id) is not null))
        {
            errors.Add(new FieldError("id", "1 to 200 characters of one line."));
        }

        if (errors.Count > 0)
        {
            throw new RequestRefusedException(Error.Invalid(errors));
        }
    }

    private static async Task ReadAsync(HttpContext context, Server.Repository.Overseer overseer, JobService jobs, ServerDrain drain, OutputChannel channel)
    {
        var found = await FindAsync(context, overseer);
        await (found.IsSuccess ? OutputEndpoints.ReadAsync(context, found.Value.Id, jobs, drain, channel) : Problems.WriteAsync(context, found.Error));
    }

    private static async Task GetEventAsync(HttpContext context, Server.Repository.Overseer overseer)
    {
        var name = context.Name("event", EventSegment);
        var found = await FindAsync(context, overseer);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        var events = (await overseer.EventsAsync(found.Value, context.RequestAborted)).Where(e => string.Equals(e.Name, name, StringComparison.Ordinal)).Select(OverseerWire.Event).Reverse().ToArray();
        await (events switch
        {
            [] => Problems.WriteAsync(context, new Error(ErrorKind.NotFound, "event.not_found", $"The execution has no event '{name}'.")),
            [var only] => Answer.JsonAsync(context, only),
            _ => Answer.JsonAsync(context, events),
        });
    }
}
