using System.Globalization;
using System.Text;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Server.Cli;

/// <summary>
/// The wire contract as the command line sees it, for one run whose fate is in its labels: <c>pretend_exit</c> is the job's exit code, <c>pretend_wait</c> makes it last until it
/// is stopped.
/// </summary>
internal sealed class PretendServer(string token)
{
    public const string Output = "first line\nlast line without an end";

    private readonly TaskCompletionSource<RunInfo> _final = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RunInfo _run = new() { Id = 1, Status = RunStatus.Running, DefinedTime = DateTimeOffset.UnixEpoch, Attempt = 1 };

    public JobSpec? Submitted { get; private set; }

    public int Stops { get; private set; }

    public WebApplication Build(string url, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        configure?.Invoke(builder);
        var app = builder.Build();
        app.Use(RefuseStrangersAsync);
        app.MapGet("/healthz/ready", () => Results.Ok());
        app.MapGet("/api/security/whoami", () => Json(new WhoAmI("root", ["job_submit"], null)));
        app.MapPost("/api/security/tokens/{name}", () => Json(new CreateTokenResponse("the-secret")));
        app.MapGet("/api/backends", () => Json(new BackendList([])));
        app.MapPost("/api/runs", SubmitAsync);
        app.MapGet("/api/runs", () => Json(new RunList([_run with { Description = "bad\u001b[2J" }], null)));
        app.MapGet("/api/runs/{id:long}", GetAsync);
        app.MapDelete("/api/runs/{id:long}", (long id) => Stop(id));
        app.MapGet("/api/runs/{id:long}/events", EventsAsync);
        app.MapGet("/api/runs/{id:long}/output.txt", OutputAsync);
        return app;
    }

    private static IResult Json<T>(T value, int status = 200) =>
        Results.Text(JsonSerializer.Serialize(value, AscobJson.Options), "application/json", Encoding.UTF8, status);

    private static IResult Problem(int status, string detail) =>
        Results.Text(JsonSerializer.Serialize(new { status, detail }), "application/problem+json", Encoding.UTF8, status);

    private async Task RefuseStrangersAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Path.StartsWithSegments("/api") && http.Request.Headers[AscobClient.TokenHeader] != token)
        {
            await Problem(401, "unknown token").ExecuteAsync(http);
            return;
        }

        await next(http);
    }

    private async Task<IResult> SubmitAsync(HttpRequest request)
    {
        var body = await JsonSerializer.DeserializeAsync<SubmitRunRequest>(request.Body, AscobJson.Options, request.HttpContext.RequestAborted);
        Submitted = body!.JobSpec!;
        if (Submitted.Label("pretend_refuse") is not null)
        {
            return Problem(422, "no backend for these labels");
        }

        if (Submitted.Label("pretend_wait") is null)
        {
            var exit = int.Parse(Submitted.Label("pretend_exit", "0")!, CultureInfo.InvariantCulture);
            Finish(exit == 0 ? RunStatus.Succeeded : RunStatus.Failed, exit);
        }

        return Json(new SubmitRunResponse(1), 201);
    }

    private async Task<IResult> GetAsync(long id, int? waitSeconds, CancellationToken cancellationToken)
    {
        if (id != 1)
        {
            return Problem(404, $"run {id} does not exist");
        }

        if (waitSeconds > 0)
        {
            await ((Task)_final.Task).WaitAsync(TimeSpan.FromSeconds(waitSeconds.Value), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return Json(_run);
    }

    private IResult Stop(long id)
    {
        if (_run.Status.IsFinal())
        {
            return Problem(409, $"run {id} is final");
        }

        Stops++;
        Finish(RunStatus.Aborted, null);
        return Results.Accepted();
    }

    private async Task EventsAsync(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        await SendAsync(http, new RunEventInfo(1, DateTimeOffset.UnixEpoch, RunEventTypes.Created, null, RunStatus.PendingSubmit, null, null, null));
        await SendAsync(http, new RunEventInfo(2, DateTimeOffset.UnixEpoch, RunEventTypes.StatusChanged, RunStatus.PendingSubmit, RunStatus.Running, null, null, null));
        var final = await _final.Task.WaitAsync(http.RequestAborted);
        await SendAsync(http, new RunEventInfo(3, DateTimeOffset.UnixEpoch, RunEventTypes.StatusChanged, RunStatus.Running, final.Status, null, final.StatusReason, null));
    }

    private static async Task SendAsync(HttpContext http, RunEventInfo item)
    {
        await http.Response.WriteAsync($"id: {item.Seq}\ndata: {JsonSerializer.Serialize(item, AscobJson.Options)}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    private async Task OutputAsync(HttpContext http)
    {
        http.Response.ContentType = "text/plain";
        var offset = int.Parse(http.Request.Query["offset"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        await http.Response.WriteAsync(Output[offset..], http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        if (http.Request.Query["follow"] == "true")
        {
            await _final.Task.WaitAsync(http.RequestAborted);
        }
    }

    private void Finish(RunStatus status, int? exitCode)
    {
        _run = _run with { Status = status, ExitCode = exitCode, StatusReason = exitCode > 0 ? $"exit code {exitCode}" : null, EndTime = DateTimeOffset.UnixEpoch, Version = 3 };
        _final.TrySetResult(_run);
    }
}
