using Ascob.Core.Callbacks;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;
using Ascob.Server.Api.Overseer;
using Ascob.Server.Security;
using Microsoft.Net.Http.Headers;

namespace Ascob.Server.Api;

/// <summary>The secret URLs by which backends and jobs report. The URL is the right: no token is asked for.</summary>
internal static class WebhookEndpoints
{
    private const int FileSegment = 5;
    private const int LongestId = 200;
    private const string SignatureText = "Where the backend signs: t=<unix seconds>,v1=<hex HMAC-SHA256 of \"t.body\">.";

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var hooks = routes.MapGroup("/api/webhooks/runs/{webhookId}").WithTags("Callbacks");
        hooks.MapPost("/", ReportAsync).IsSecretUrl().WithName("Report").WithSummary("Report status, keys, progress, a message or output of a run")
            .Header(CallbackSignature.Header, SignatureText).Takes<CallbackRequest>().Produces<CallbackResponse>().Refuses(403, 404, 409, 413, 429);
        hooks.MapPost("/events", CreateEventAsync).IsSecretUrl().WithName("CreateCallbackEvent").WithSummary("Create an event of the run's own")
            .Header(CallbackSignature.Header, SignatureText).Takes<OverseerEventRequest>().Produces<OverseerEvent>().Refuses(403, 404, 415, 429);
        hooks.MapGet("/files/{fileId}", GetFileAsync).IsSecretUrl().WithName("GetCallbackFile").WithSummary("Fetch an input file of the run")
            .Header(CallbackSignature.Header, SignatureText)
            .Header("Range", "One range of bytes.").Produces<byte[]>(200, "application/octet-stream").Produces<byte[]>(206, "application/octet-stream").Refuses(403, 404, 416);
        hooks.MapPost("/claim", ClaimAsync).IsSecretUrl().WithName("Claim")
            .WithSummary("Claim the run for one execution; any other execution gets 409 and must end doing nothing")
            .Header(CallbackSignature.Header, SignatureText).Takes<ClaimRequest>().Produces<ClaimResponse>().Refuses(403, 404, 409);
    }

    private static async Task CreateEventAsync(HttpContext context, CallbackService callbacks, ExecutionEvents events)
    {
        var (body, bytes) = await RequestBody.ReadSignedAsync<OverseerEventRequest>(context);
        OverseerExecutionEndpoints.Check(body);
        var run = await callbacks.FindRunAsync(WebhookId(context), Proof(context, bytes), context.RequestAborted);
        if (!run.IsSuccess)
        {
            await Problems.WriteAsync(context, run.Error);
            return;
        }

        var wanted = new NewExecutionEvent(body.Event!, body.Cause, ExecutionEvent.Job) { Id = body.Id };
        await Answer.WriteAsync(context, await events.AddAsync(run.Value, wanted, "callback", context.RequestAborted), OverseerWire.Event);
    }

    private static string WebhookId(HttpContext context) => context.Request.RouteValues["webhookId"] as string ?? string.Empty;

    private static CallbackProof Proof(HttpContext context, byte[] body) => new(context.Request.Headers[CallbackSignature.Header], body);

    private static async Task ReportAsync(HttpContext context, CallbackService callbacks)
    {
        var (body, bytes) = await RequestBody.ReadSignedAsync<CallbackRequest>(context);
        var errors = new List<FieldError>();
        if (body.Progress is { } progress && progress is not (>= 0 and <= 100))
        {
            errors.Add(new FieldError("progress", "0 to 100."));
        }

        if (body.IdentificationKeys is { Count: > 50 } || body.IdentificationKeys?.Any(k => k.Key.Length is 0 or > 200 || k.Value is not { Length: <= 2000 }) == true)
        {
            errors.Add(new FieldError("identificationKeys", "At most 50 keys of 1 to 200 characters with values of at most 2000."));
        }

        if (body.OutputOffset is < 0)
        {
            errors.Add(new FieldError("outputOffset", "0 or more."));
        }

        CheckTexts(body, errors);
        if (errors.Count > 0)
        {
            throw new RequestRefusedException(Error.Invalid(errors));
        }

        var report = new CallbackReport(body.Status, body.IdentificationKeys, body.Progress, body.Message, body.Output, body.Id, body.Seq, body.OutputOffset);
        await Answer.WriteAsync(
            context,
            await callbacks.AcceptAsync(WebhookId(context), report, Proof(context, bytes), context.RequestAborted),
            taken => new CallbackResponse(taken.Changed, taken.OutputLength));
    }

    // A message is the job's own text, and whoever shows it escapes it; but not every database takes every character.
    private static void CheckTexts(CallbackRequest body, List<FieldError> errors)
    {
        if (body.Message is { } message && TextRules.Broken(message) is { } unfit)
        {
            errors.Add(new FieldError("message", unfit));
        }

        if (body.Id is { } id && (id.Length is 0 or > LongestId || TextRules.Line(id) is not null))
        {
            errors.Add(new FieldError("id", $"1 to {LongestId} characters of one line."));
        }

        if (body.IdentificationKeys?.Any(k => TextRules.Line(k.Key) is not null || TextRules.Line(k.Value ?? string.Empty) is not null) == true)
        {
            errors.Add(new FieldError("identificationKeys", "Names and values must be text of one line."));
        }
    }

    private static async Task GetFileAsync(HttpContext context, CallbackService callbacks)
    {
        var opened = await callbacks.OpenFileAsync(WebhookId(context), context.Name("fileId", FileSegment), Proof(context, []), context.RequestAborted);
        if (!opened.IsSuccess)
        {
            await Problems.WriteAsync(context, opened.Error);
            return;
        }

        var (file, content) = opened.Value;
        var response = context.Response;
        response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(file.Sha256))}:";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentDisposition = "attachment";
        response.Headers.CacheControl = "no-store";
        await Results.Stream(content, "application/octet-stream", entityTag: new EntityTagHeaderValue($"\"{file.Sha256}\""), enableRangeProcessing: true).ExecuteAsync(context);
    }

    private static async Task ClaimAsync(HttpContext context, CallbackService callbacks)
    {
        var (body, bytes) = await RequestBody.ReadSignedAsync<ClaimRequest>(context);
        if (body.ExecutionId is not { Length: > 0 and <= LongestId } executionId || TextRules.Line(executionId) is not null)
        {
            throw new RequestRefusedException(Error.Invalid("executionId", $"1 to {LongestId} characters of one line."));
        }

        var result = await callbacks.ClaimAsync(WebhookId(context), executionId, Proof(context, bytes), context.RequestAborted);
        if (result is { IsSuccess: true, Value: false })
        {
            result = new Error(ErrorKind.Conflict, "claim.taken", "Another execution has claimed the run; end without doing anything.");
        }

        await Answer.WriteAsync(context, result, claimed => new ClaimResponse(claimed));
    }
}
