using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Server.Security;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Overseer;

/// <summary>Overseer's <c>/jobs</c>: the jobs of the repository.</summary>
internal static class OverseerJobEndpoints
{
    /// <summary>Where the job's name stands in an address.</summary>
    public const int JobSegment = 1;

    private const int UsualExecutions = 50;
    private const int MostExecutions = 500;

    public static void MapOverseerJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs").WithTags("Overseer");
        jobs.MapGet("/", ListAsync).Requires(Permissions.RepositoryRead).WithName("ListOverseerJobs").WithSummary("List the jobs of the repository").Produces<OverseerJobItem[]>();
        jobs.MapGet("/{name}", GetAsync).Requires(Permissions.RepositoryRead).WithName("GetOverseerJob").WithSummary("Read a job of the repository, with its latest executions")
            .WithDescription($"The executions are named to callers with the permission {Permissions.JobRunRead}.")
            .Query<int>("limit", $"How many executions to name; 1 to {MostExecutions}, usually {UsualExecutions}.").Query<string>("cursor", "The nextCursor of the page before.")
            .Produces<OverseerJob>().Refuses(404);
        jobs.MapPost("/{name}", ExecuteAsync).Requires(Permissions.DefinitionLaunch).WithName("ExecuteOverseerJob").WithSummary("Execute a job of the repository")
            .WithDescription("The body is a JSON object of the job's variables, or a form with a field for each.")
            .Takes<IReadOnlyDictionary<string, object>>(required: false)
            .Query<string>("submitter", "Who the execution is for.")
            .Header(SubmitEndpoints.IdempotencyHeader, "1 to 255 visible ASCII characters; a repeated request with the same key and values answers with the first execution.")
            .Produces<OverseerStarted>(201).Refuses(404, 409, 413, 415, 422);
        jobs.MapDelete("/{name}", (HttpContext c, Server.Repository.Overseer o) => ActivateAsync(c, o, active: false)).Requires(Permissions.RepositoryWrite).WithName("DeactivateOverseerJob")
            .WithSummary("Take a job out of the active ones: it neither runs by itself nor can be run; the repository stays as it is").Produces(204).Refuses(404);
        jobs.MapPut("/{name}", (HttpContext c, Server.Repository.Overseer o) => ActivateAsync(c, o, active: true)).Requires(Permissions.RepositoryWrite).WithName("ActivateOverseerJob")
            .WithSummary("Take a job back among the active ones").Produces(204).Refuses(404);
    }

    /// <summary>Answers the address of something below this server as its caller reaches it.</summary>
    public static string BaseOf(HttpContext context, EngineOptions engine) => engine.PublicUrl ?? $"{context.Request.Scheme}://{context.Request.Host}";

    /// <summary>Answers a new execution.</summary>
    public static async Task AnswerAsync(HttpContext context, Result<Run> launched, EngineOptions engine)
    {
        if (!launched.IsSuccess)
        {
            await Problems.WriteAsync(context, launched.Error);
            return;
        }

        var run = launched.Value;
        var (job, execution) = (Server.Repository.Overseer.JobOf(run)!, ExecutionIds.Of(run));
        context.Response.Headers.Location = RepositoryLabels.ExecutionUrl(string.Empty, job, execution);
        await Answer.JsonAsync(context, OverseerWire.Started(run, RepositoryLabels.ExecutionUrl(BaseOf(context, engine), job, execution)), StatusCodes.Status201Created);
    }

    private static async Task ListAsync(HttpContext context, Server.Repository.Overseer overseer, IOptions<EngineOptions> engine)
    {
        var url = BaseOf(context, engine.Value);
        var jobs = await overseer.ListAsync(context.RequestAborted);
        await Answer.JsonAsync<OverseerJobItem[]>(
            context, [.. jobs.OrderBy(j => j.Key, StringComparer.Ordinal).Select(j => new OverseerJobItem(j.Key, j.Value.Active, $"{url}/jobs/{Uri.EscapeDataString(j.Key)}"))]);
    }

    private static async Task GetAsync(HttpContext context, Server.Repository.Overseer overseer)
    {
        var name = context.Name("name", JobSegment);
        var query = new QueryReader(context.Request.Query);
        var limit = (int)(query.Number("limit", 1, MostExecutions) ?? UsualExecutions);
        var before = query.Number("cursor", 1, long.MaxValue);
        query.Done();
        var found = await overseer.FindAsync(name, context.RequestAborted);
        if (!found.IsSuccess)
        {
            await Problems.WriteAsync(context, found.Error);
            return;
        }

        var known = found.Value;
        var caller = context.GetCaller();

        // What a job is does not tell when it was executed: that is for who may read executions.
        Result<RunPage> runs = caller.Can(Permissions.JobRunRead) ? await overseer.ExecutionsAsync(name, limit, before, caller, context.RequestAborted) : new RunPage([], null);
        var next = await overseer.NextRunsAsync(known, context.RequestAborted);
        var errors = await overseer.ErrorsOfAsync(known.Job.File, context.RequestAborted);
        await Answer.WriteAsync(context, runs, page => new OverseerJob(
            name,
            OverseerWire.Definition(known.Job),
            known.Active,
            known.Commit,
            known.Author,
            next,
            [.. page.Items.Select(ExecutionIds.Of)],
            page.NextBeforeId?.ToString(CultureInfo.InvariantCulture),
            [.. errors.Select(OverseerWire.Error)]));
    }

    private static async Task ExecuteAsync(HttpContext context, Server.Repository.Overseer overseer, IOptions<EngineOptions> engine)
    {
        var name = context.Name("name", JobSegment);
        var key = SubmitEndpoints.ReadKey(context.Request);
        var query = new QueryReader(context.Request.Query);
        var submitter = query.Text("submitter", JobSpecLimits.Submitter);
        query.Done();
        var (values, isForm) = await OverseerBody.ReadAsync(context);
        await AnswerAsync(context, await overseer.ExecuteAsync(name, new JobValues(values, isForm), submitter, key, context.GetCaller(), context.RequestAborted), engine.Value);
    }

    private static async Task ActivateAsync(HttpContext context, Server.Repository.Overseer overseer, bool active)
    {
        var changed = await overseer.ActivateAsync(context.Name("name", JobSegment), active, context.GetCaller(), context.RequestAborted);
        if (changed.IsSuccess)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await Problems.WriteAsync(context, changed.Error);
    }
}
