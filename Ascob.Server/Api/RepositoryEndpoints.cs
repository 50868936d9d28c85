using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Repository;
using Ascob.Server.Api.Overseer;
using Ascob.Server.Repository;
using Ascob.Server.Security;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api;

/// <summary>The Git repository of job definitions: how it stands, what a commit would change, and having it looked at.</summary>
internal static class RepositoryEndpoints
{
    private const string Hub = "X-Hub-Signature-256";
    private const string Lab = "X-Gitlab-Token";

    public static void MapRepository(this IEndpointRouteBuilder routes)
    {
        var repository = routes.MapGroup("/api/repository").WithTags("Repository");
        repository.MapGet("/", GetAsync).Requires(Permissions.RepositoryRead).WithName("GetRepository").WithSummary("Tell how the repository of job definitions stands").Produces<RepositoryInfo>();
        repository.MapGet("/plan", PlanAsync).Requires(Permissions.RepositoryRead).WithName("GetRepositoryPlan")
            .WithSummary("Tell what the repository's latest commit would change; changes nothing").Produces<RepositoryPlanInfo>().Refuses(409);
        repository.MapPost("/refresh", RefreshAsync).Requires(Permissions.RepositoryWrite).WithName("RefreshRepository")
            .WithSummary("Look at the repository now, and apply its latest commit").Takes<EmptyRequest>(required: false).Produces<RepositoryPlanInfo>().Refuses(409);
        routes.MapPost("/api/webhooks/repository", WebhookAsync).IsSecretUrl().WithTags("Repository").WithName("NoteRepositoryChange")
            .WithSummary("Take a push notice of the repository's server, and look at the repository soon")
            .Header(Hub, "sha256= and the HMAC-SHA256 of the body in hexadecimal, by the configured secret.").Header(Lab, "The configured secret itself, instead.")
            .TakesBytes().Produces(202).Refuses(403, 404);
    }

    private static async Task GetAsync(HttpContext context, RepositorySync sync, IRepositoryStore store, IOptions<RepositoryOptions> options)
    {
        var state = (await store.ReadAsync(context.RequestAborted)).State;
        var look = sync.LastLook;
        var word = !options.Value.IsConfigured ? "none"
            : look.Problem is not null ? "unreachable"
            : look.Tip is null ? "waiting"
            : look.Tip == state.Commit ? "current" : "behind";
        await Answer.JsonAsync(context, new RepositoryInfo(
            options.Value.IsConfigured,
            word,
            look.Problem,
            state.Commit,
            state.Author,
            state.AppliedAt,
            state.AppliedBy,
            state.Rewritten,
            look.Tip,
            look.At,
            state.Jobs.Count,
            [.. state.Errors.Select(OverseerWire.Error)]));
    }

    private static async Task PlanAsync(HttpContext context, RepositorySync sync) => await AnswerAsync(context, await sync.RefreshAsync(apply: false, context.RequestAborted));

    private static async Task RefreshAsync(HttpContext context, RepositorySync sync) => await AnswerAsync(context, await sync.RefreshAsync(apply: true, context.RequestAborted));

    private static Task AnswerAsync(HttpContext context, Result<RepositoryPlan> plan) => Answer.WriteAsync(context, plan, p => new RepositoryPlanInfo(
        p.Commit,
        [.. p.Changes.Select(c => new RepositoryChange(c.Name, c.File, c.Kind.ToString().ToLowerInvariant()))],
        [.. p.Next.Errors.Select(OverseerWire.Error)]));

    private static async Task WebhookAsync(HttpContext context, RepositoryWake wake, IOptions<RepositoryOptions> options)
    {
        if (options.Value.WebhookSecret is not { } secret)
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.NotFound, "repository.no_webhook", "No webhook of the repository is configured."));
            return;
        }

        if (!await IsSignedAsync(context, Encoding.UTF8.GetBytes(secret)))
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.Forbidden, "repository.webhook_signature", $"Sign the notice: {Hub} or {Lab} is missing or wrong."));
            return;
        }

        wake.Wake();
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    // Nothing of a stranger's body is kept: it is only passed through the signature.
    private static async Task<bool> IsSignedAsync(HttpContext context, byte[] secret)
    {
        if (context.Request.Headers[Lab] is [{ } token])
        {
            return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), SHA256.HashData(secret));
        }

        if (context.Request.Headers[Hub] is not [{ } signature])
        {
            return false;
        }

        var expected = $"sha256={Convert.ToHexStringLower(await HMACSHA256.HashDataAsync(secret, context.Request.Body, context.RequestAborted))}";
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.UTF8.GetBytes(expected));
    }
}
