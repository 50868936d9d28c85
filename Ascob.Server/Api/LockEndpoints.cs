using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>The board of named locks.</summary>
internal static class LockEndpoints
{
    private const int KeySegment = 2;
    private const int LongestKey = 200;

    public static void MapLocks(this IEndpointRouteBuilder routes)
    {
        var locks = routes.MapGroup("/api/locks").WithTags("Locks");
        locks.MapGet("/", ListAsync).Requires(Permissions.LockRead).WithName("ListLocks").WithSummary("List the locks that are held or wanted")
            .Produces<LockListResponse>();
        locks.MapGet("/{key}/verify", VerifyAsync).Requires(Permissions.LockRead).WithName("VerifyLock")
            .WithSummary("Tell whether a lock is held with a fencing number").Query<long>("fence", "The fencing number.").Produces<LockVerification>();
        locks.MapPost("/consul/confirm", ConfirmAsync).Requires(Permissions.LockBreak).WithName("ConfirmLocks")
            .WithSummary("Let locks be granted again after Consul has lost its memory").Takes<ConfirmLocksRequest>().Produces(204).Refuses(409);
        locks.MapDelete("/{key}", BreakAsync).Requires(Permissions.LockBreak).WithName("BreakLock")
            .WithSummary("Take a lock from its holders; their runs go on").Produces(204).Refuses(404);
    }

    private static async Task ListAsync(HttpContext context, LockBoard locks, LockCondition condition) => await Answer.JsonAsync(
        context, new LockListResponse(await locks.ListAsync(context.GetCaller(), context.RequestAborted)) { Keeper = LockKeeperInfo.From(condition) });

    private static async Task ConfirmAsync(HttpContext context, ILockStore locks)
    {
        var body = await RequestBody.ReadAsync<ConfirmLocksRequest>(context);
        if (string.IsNullOrWhiteSpace(body.Reason) || body.Reason.Length > 2000 || TextRules.Line(body.Reason) is not null)
        {
            throw new RequestRefusedException(Error.Invalid("reason", "Why, in one line of 1 to 2000 characters."));
        }

        if (context.GetCaller().Submitters is not null)
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.Forbidden, "lock.scope", "A token limited to submitters cannot confirm this: all runs rely on it."));
            return;
        }

        if (!await locks.ConfirmAsync(context.GetCaller().Actor, body.Reason, context.RequestAborted))
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.Conflict, "lock.nothing_to_confirm", "Consul has not lost its memory, as far as is known."));
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task VerifyAsync(HttpContext context, LockBoard locks)
    {
        var query = new QueryReader(context.Request.Query);
        var fence = query.Number("fence", 0, long.MaxValue);
        if (fence is null)
        {
            query.Refuse("fence", "The fencing number is needed.");
        }

        query.Done();
        await Answer.JsonAsync(context, await locks.VerifyAsync(Key(context), fence!.Value, context.GetCaller(), context.RequestAborted));
    }

    private static async Task BreakAsync(HttpContext context, LockBreaker breaker)
    {
        var result = await breaker.BreakAsync(Key(context), context.GetCaller(), context.RequestAborted);
        if (!result.IsSuccess)
        {
            await Problems.WriteAsync(context, result.Error);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static string Key(HttpContext context)
    {
        var key = context.Name("key", KeySegment);
        return key.Length <= LongestKey
            ? key
            : throw new RequestRefusedException(Error.Invalid("key", $"At most {LongestKey} characters."));
    }
}
