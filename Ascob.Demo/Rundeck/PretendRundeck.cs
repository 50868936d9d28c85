using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ascob.Demo.Rundeck;

/// <summary>
/// Answers like a Rundeck: one that executes nothing. Bad tokens get a 403, unknown versions are told the right one, aborts are always a 200, lists are cut at 20 unless asked otherwise, and undeclared options
/// are kept.
/// </summary>
internal sealed class PretendRundeck(TimeProvider time, params PretendRundeckJob[] jobs) : PretendServer
{
    private const int DefaultPage = 20;
    private const string MarkerOption = "ASCOB_RUN";

    private readonly ConcurrentDictionary<long, PretendExecution> _executions = new();
    private readonly ConcurrentDictionary<string, int> _started = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (string Option, string Text)> _files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, PretendRundeckJob> _jobs = new(jobs.Select(j => KeyValuePair.Create(j.Id, j)), StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private long _lastId = 100;

    /// <summary>Gets the token that is let in.</summary>
    public string AuthToken { get; init; } = "pretend-rundeck-token";

    /// <summary>Gets the version of the API that is spoken, and none above.</summary>
    public int ApiVersion { get; init; } = 50;

    /// <summary>Gets or sets whether no executions are started at all.</summary>
    public bool Passive { get; set; }

    /// <summary>Gets or sets whether the token may see no project.</summary>
    public bool HidesProjects { get; set; }

    /// <summary>Gets or sets whether logs of ended executions are still on their way from another member of a cluster.</summary>
    public bool LogsPending { get; set; }

    /// <summary>Gets or sets whether logs are lost.</summary>
    public bool LogsLost { get; set; }

    /// <summary>Gets or sets whether aborts are answered as failed.</summary>
    public bool RefusesAborts { get; set; }

    /// <summary>Gets the executions by number.</summary>
    public IReadOnlyDictionary<long, PretendExecution> Executions => _executions;

    /// <summary>Gets how often a job was started with a marker; retries of its own do not count.</summary>
    public IReadOnlyDictionary<string, int> Started => _started;

    /// <summary>Gets the uploaded files by key.</summary>
    public IReadOnlyDictionary<string, (string Option, string Text)> Files => _files;

    /// <summary>Adds a job, or replaces the one with its id.</summary>
    public void Put(PretendRundeckJob job) => _jobs[job.Id] = job;

    /// <summary>Deletes a job; its executions stay.</summary>
    public void Remove(string jobId) => _jobs.TryRemove(jobId, out _);

    /// <summary>Starts a job as somebody else would.</summary>
    public PretendExecution Start(PretendRundeckJob job, IReadOnlyDictionary<string, string> options, string? user = null, string? logLevel = null)
    {
        lock (_gate)
        {
            if (options.TryGetValue(MarkerOption, out var marker))
            {
                _started.AddOrUpdate(marker, 1, (_, n) => n + 1);
            }

            var now = time.GetUtcNow();
            var first = Add(job, options, user, logLevel, now, 0);
            for (var (before, attempt) = (first, 1); attempt <= job.Retries && job.Result != "succeeded" && before.EndsAt is { } end; attempt++)
            {
                before = before.RetriedBy = Add(attempt == job.Retries ? job with { Result = "succeeded" } : job, options, user, logLevel, end, attempt);
            }

            return first;
        }
    }

    /// <inheritdoc/>
    protected override void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/{version:int}");
        api.AddEndpointFilter(async (context, next) => Refusal(context.HttpContext) ?? await next(context));
        api.MapGet("/projects", () => HidesProjects ? [] : _jobs.Values.Select(j => j.Project).Distinct().Select(p => new { name = p }).ToArray());
        api.MapGet("/system/executions/status", () => Results.Json(new { executionMode = Passive ? "passive" : "active" }));
        api.MapGet("/project/{project}/jobs", FindJobs);
        api.MapGet("/job/{id}/info", (string id) => Job(id, j => Results.Json(new { id = j.Id, name = j.Name, group = j.Group, project = j.Project })));
        api.MapGet("/job/{id}", (string id, int version) => Job(id, j => version < 44 ? Results.Text("- id: " + j.Id, "application/yaml") : Results.Json(new[] { Definition(j) })));
        api.MapPost("/job/{id}/run", RunAsync);
        api.MapPost("/job/{id}/input/file/{option}", UploadAsync);
        api.MapGet("/execution/{id:long}", (long id) => Execution(id, e => Results.Json(PretendRundeckAnswers.Execution(e, time.GetUtcNow(), ApiVersion))));
        api.MapPost("/execution/{id:long}/abort", (long id, string? forceIncomplete) => Execution(id, e => Abort(e, forceIncomplete == "true")));
        api.MapGet("/execution/{id:long}/output", (long id, long? offset, int? maxlines) => Execution(id, e => Output(e, offset ?? 0, maxlines ?? int.MaxValue)));
        api.MapGet("/project/{project}/executions/running", Running);
        api.MapGet("/project/{project}/executions", Ended);
    }

    private static object Definition(PretendRundeckJob job) => new
    {
        id = job.Id,
        name = job.Name,
        group = job.Group,
        options = job.Options.Select(o => new { name = o.Name, secure = o.Secure, type = o.File ? "file" : "text", required = o.Required }),
    };

    private static IResult Error(int status, string code, string message, int version) =>
        Results.Json(new { error = true, apiversion = version, errorCode = code, message }, statusCode: status);

    private IResult? Refusal(HttpContext context)
    {
        if (context.Request.Headers["X-Rundeck-Auth-Token"] != AuthToken)
        {
            return Error(403, "unauthorized", "(Token:abcd****) is not authorized for: " + context.Request.Path, ApiVersion);
        }

        var version = int.Parse((string)context.GetRouteValue("version")!, System.Globalization.CultureInfo.InvariantCulture);
        return version > ApiVersion
            ? Error(400, "api.error.api-version.unsupported", $"Unsupported API Version \"{version}\". Current API version: {ApiVersion}", ApiVersion)
            : null;
    }

    private IResult Job(string id, Func<PretendRundeckJob, IResult> found) => _jobs.TryGetValue(id, out var job)
        ? found(job)
        : Error(404, "api.error.item.doesnotexist", $"Job ID does not exist: {id}", ApiVersion);

    private IResult Execution(long id, Func<PretendExecution, IResult> found) => _executions.TryGetValue(id, out var execution) && !execution.Purged
        ? found(execution)
        : Error(404, "api.error.item.doesnotexist", $"Execution ID does not exist: {id}", ApiVersion);

    private IResult FindJobs(string project, string? jobExactFilter, string? groupPathExact) => _jobs.Values.All(j => j.Project != project)
        ? Error(404, "api.error.item.doesnotexist", $"project does not exist: {project}", ApiVersion)
        : Results.Json(_jobs.Values
            .Where(j => j.Project == project && (jobExactFilter is null || j.Name == jobExactFilter) && (groupPathExact is null || j.Group == (groupPathExact == "-" ? string.Empty : groupPathExact)))
            .Select(j => new { id = j.Id, name = j.Name, group = j.Group, project = j.Project }));

    private async Task<IResult> RunAsync(string id, HttpRequest request)
    {
        if (!_jobs.TryGetValue(id, out var job))
        {
            return Error(404, "api.error.item.doesnotexist", $"Job ID does not exist: {id}", ApiVersion);
        }

        using var body = await JsonDocument.ParseAsync(request.Body, default, request.HttpContext.RequestAborted).ConfigureAwait(false);

        // What is neither a text nor a list of texts is dropped without a word.
        var options = body.RootElement.TryGetProperty("options", out var given)
            ? given.EnumerateObject().Where(o => o.Value.ValueKind == JsonValueKind.String).ToDictionary(o => o.Name, o => o.Value.GetString()!, StringComparer.Ordinal)
            : [];
        if (Passive || job.Disabled)
        {
            return Error(400, "api.error.job.disabled", "Executions are disabled", ApiVersion);
        }

        if (job.Options.FirstOrDefault(o => o.Required && !options.ContainsKey(o.Name)) is { } missing)
        {
            return Error(400, "api.error.job.options-invalid", $"Job options were not valid: Option '{missing.Name}' is required.", ApiVersion);
        }

        if (job.Options.FirstOrDefault(o => o.File && options.ContainsKey(o.Name) && !_files.ContainsKey(options[o.Name])) is { } file)
        {
            return Error(400, "api.error.job.options-invalid", $"Job options were not valid: Option '{file.Name}' has no such file.", ApiVersion);
        }

        var now = time.GetUtcNow();
        return !job.MultipleExecutions && _executions.Values.Any(e => e.Job.Id == id && !e.HasEnded(now))
            ? Error(409, "api.error.execution.conflict", $"Execution had a conflict: Job \"{job.Name}\" {{{{Job {id}}}}} is currently being executed", ApiVersion)
            : Results.Json(PretendRundeckAnswers.Execution(Start(job, options, Text(body, "asUser"), Text(body, "loglevel")), now, ApiVersion));
    }

    private static string? Text(JsonDocument body, string name) => body.RootElement.TryGetProperty(name, out var member) ? member.GetString() : null;

    private async Task<IResult> UploadAsync(string id, string option, HttpRequest request)
    {
        if (!_jobs.TryGetValue(id, out var job) || job.Options.All(o => o.Name != option || !o.File))
        {
            return Error(400, "api.error.job-upload.option.unexpected", $"Option {option} is not a file option", ApiVersion);
        }

        using var reader = new StreamReader(request.Body);
        var text = await reader.ReadToEndAsync(request.HttpContext.RequestAborted).ConfigureAwait(false);
        var key = $"file-{_files.Count + 1}";
        _files[key] = (option, text);
        return Results.Json(new { total = 1, options = new Dictionary<string, string>(StringComparer.Ordinal) { [option] = key } });
    }

    private IResult Abort(PretendExecution execution, bool force)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var hasEnded = execution.HasEnded(now);
            if (!hasEnded && !RefusesAborts)
            {
                execution.AbortedAt = now;
                execution.Forced = force;
            }

            return Results.Json(PretendRundeckAnswers.Abort(execution, hasEnded, RefusesAborts, now, ApiVersion));
        }
    }

    private IResult Output(PretendExecution execution, long offset, int lines) => Results.Json(
        LogsLost ? PretendRundeckAnswers.LostLog(execution, time.GetUtcNow())
        : PretendRundeckAnswers.Log(execution, offset, lines, LogsPending, time.GetUtcNow()));

    private IResult Running(HttpRequest request, string project, string? jobIdFilter, int? max, int? offset)
    {
        var now = time.GetUtcNow();
        var postponed = request.Query.ContainsKey("includePostponed");
        return List(
            _executions.Values.Where(e => e.Job.Project == project && !e.HasEnded(now) && (postponed || now >= e.StartsAt) && (jobIdFilter is null || e.Job.Id == jobIdFilter)).OrderByDescending(e => e.Id),
            max,
            offset,
            now);
    }

    private IResult Ended(string project, string? jobIdListFilter, string? recentFilter, int? max, int? offset)
    {
        var now = time.GetUtcNow();
        var since = recentFilter is null ? DateTimeOffset.MinValue : now - PretendRundeckAnswers.Recent(recentFilter);
        return List(
            _executions.Values.Where(e => e.Job.Project == project && e.HasEnded(now) && e.EndsAt >= since && (jobIdListFilter is null || e.Job.Id == jobIdListFilter)).OrderByDescending(e => e.EndsAt).ThenByDescending(e => e.Id),
            max,
            offset,
            now);
    }

    private IResult List(IEnumerable<PretendExecution> executions, int? max, int? offset, DateTimeOffset now)
    {
        var all = executions.Where(e => !e.Purged && e.StartsAt - e.Job.Queued <= now).ToList();
        var page = all.Skip(offset ?? 0).Take(max ?? DefaultPage).Select(e => PretendRundeckAnswers.Execution(e, now, ApiVersion)).ToList();
        return Results.Json(new { paging = new { count = page.Count, total = all.Count, offset = offset ?? 0, max = max ?? DefaultPage }, executions = page });
    }

    private PretendExecution Add(PretendRundeckJob job, IReadOnlyDictionary<string, string> options, string? user, string? logLevel, DateTimeOffset at, int attempt)
    {
        var execution = new PretendExecution(++_lastId, job, options, user ?? "ascob", at, attempt) { LogLevel = logLevel };
        return _executions[execution.Id] = execution;
    }
}
