using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Notifications;
using Ascob.Core.Timing;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>Who is notified of what, and what became of the messages.</summary>
internal static partial class NotificationEndpoints
{
    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var subscriptions = routes.MapGroup("/api/notifications/subscriptions").WithTags("Notifications");
        subscriptions.MapGet("/", ListAsync).Requires(Permissions.NotificationRead).WithName("ListSubscriptions")
            .WithSummary("List who is notified of what").Produces<SubscriptionList>();
        subscriptions.MapPost("/", CreateAsync).Requires(Permissions.NotificationWrite).WithName("CreateSubscription")
            .WithSummary("Have somebody notified; a secret that is made for it is shown this one time").Takes<SubscriptionRequest>().Produces<SubscriptionInfo>(201).Refuses(409);
        subscriptions.MapGet("/{id:long}", GetAsync).Requires(Permissions.NotificationRead).WithName("GetSubscription")
            .WithSummary("Show a subscription without its secrets").Produces<SubscriptionInfo>().Refuses(404);
        subscriptions.MapPut("/{id:long}", ReplaceAsync).Requires(Permissions.NotificationWrite).WithName("ReplaceSubscription")
            .WithSummary("Change a subscription; its address and secret stay where the request has none").Takes<SubscriptionRequest>().Produces<SubscriptionInfo>().Refuses(404, 409);
        subscriptions.MapDelete("/{id:long}", DeleteAsync).Requires(Permissions.NotificationWrite).WithName("DeleteSubscription")
            .WithSummary("Delete a subscription with all that waits for its receiver").Produces(204).Refuses(404, 409);
        subscriptions.MapPost("/{id:long}/test", TestAsync).Requires(Permissions.NotificationWrite).WithName("TestSubscription")
            .WithSummary("Send a test message now and tell what became of it").Takes<EmptyRequest>(required: false).Produces<TestNotificationResponse>().Refuses(404);

        var deliveries = routes.MapGroup("/api/notifications/deliveries").WithTags("Notifications");
        deliveries.MapGet("/", ListDeliveriesAsync).Requires(Permissions.NotificationRead).WithName("ListDeliveries")
            .WithSummary("List what is, was or could not be delivered")
            .Query<long>("subscriptionId", "Only of this subscription.").Query<long>("runId", "Only of this run.").Query<string>("state", "pending, delivered or dead.")
            .Query<int>("limit", "At most so many, 1 to 500; 50 where nothing is said.").Query<string>("cursor", "The place of the page.")
            .Produces<DeliveryList>();
        deliveries.MapPost("/replay", ReplayAsync).Requires(Permissions.NotificationWrite).WithName("ReplayDeliveries")
            .WithSummary("Send dead messages on their way again: one, those of a subscription, or all").Takes<DeadDeliveriesRequest>().Produces<DeadDeliveriesResponse>().Refuses(404);
        deliveries.MapPost("/drop", DropAsync).Requires(Permissions.NotificationWrite).WithName("DropDeliveries")
            .WithSummary("Drop dead messages: one, those of a subscription, or all").Takes<DeadDeliveriesRequest>().Produces<DeadDeliveriesResponse>().Refuses(404);
    }

    private static async Task ListAsync(HttpContext context, SubscriptionService service)
    {
        var all = await service.ListAsync(context.GetCaller(), context.RequestAborted);
        await Answer.JsonAsync(context, new SubscriptionList([.. all.Select(s => SubscriptionInfo.From(s))]));
    }

    private static async Task CreateAsync(HttpContext context, SubscriptionService service, ILogger<SubscriptionService> log)
    {
        var body = await RequestBody.ReadAsync<SubscriptionRequest>(context);
        var result = await service.AddAsync(body, context.GetCaller(), context.RequestAborted);
        if (result.IsSuccess)
        {
            LogChange(log, context.GetCaller().Actor, "made", result.Value.Subscription.Id, result.Value.Subscription.Kind);
            context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/api/notifications/subscriptions/{result.Value.Subscription.Id}");
        }

        await Answer.WriteAsync(context, result, made => SubscriptionInfo.From(made.Subscription, made.Secret), StatusCodes.Status201Created);
    }

    private static async Task GetAsync(HttpContext context, long id, SubscriptionService service) =>
        await Answer.WriteAsync(context, await service.FindAsync(id, context.GetCaller(), context.RequestAborted), s => SubscriptionInfo.From(s));

    private static async Task ReplaceAsync(HttpContext context, long id, SubscriptionService service, ILogger<SubscriptionService> log)
    {
        var body = await RequestBody.ReadAsync<SubscriptionRequest>(context);
        var result = await service.ReplaceAsync(id, body, context.GetCaller(), context.RequestAborted);
        if (result.IsSuccess)
        {
            LogChange(log, context.GetCaller().Actor, "changed", id, result.Value.Kind);
        }

        await Answer.WriteAsync(context, result, s => SubscriptionInfo.From(s));
    }

    private static async Task DeleteAsync(HttpContext context, long id, SubscriptionService service, ILogger<SubscriptionService> log)
    {
        var result = await service.DeleteAsync(id, context.GetCaller(), context.RequestAborted);
        if (!result.IsSuccess)
        {
            await Problems.WriteAsync(context, result.Error);
            return;
        }

        LogChange(log, context.GetCaller().Actor, "deleted", id, result.Value.Kind);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task TestAsync(HttpContext context, long id, SubscriptionService service) =>
        await Answer.WriteAsync(context, await service.TestAsync(id, context.GetCaller(), context.RequestAborted), r => r);

    private static async Task ListDeliveriesAsync(HttpContext context, SubscriptionService service, INotificationStore store)
    {
        var reader = new QueryReader(context.Request.Query);
        var query = new DeliveryQuery
        {
            SubscriptionId = reader.Number("subscriptionId", 1, long.MaxValue),
            RunId = reader.Number("runId", 1, long.MaxValue),
            State = reader.Text("state") switch
            {
                null => null,
                "pending" => DeliveryState.Pending,
                "delivered" => DeliveryState.Delivered,
                "dead" => DeliveryState.Dead,
                _ => Refused<DeliveryState>(reader, "state", "One of pending, delivered, dead."),
            },
            Limit = (int)(reader.Number("limit", 1, 500) ?? 50),
            After = reader.Text("cursor") is not { } cursor ? null : DeliveryKey.TryParse(cursor, out var after) ? after : Refused<DeliveryKey>(reader, "cursor", "The value of 'next' of the page before."),
        };
        reader.Done();

        // A caller that is bound to submitters sees the messages of its own subscriptions, one subscription at a time.
        var caller = context.GetCaller();
        if (caller.Submitters is not null)
        {
            var own = await service.ListAsync(caller, context.RequestAborted);
            if (query.SubscriptionId is not { } wanted || own.All(s => s.Id != wanted))
            {
                throw new RequestRefusedException(Error.Invalid("subscriptionId", "This token must name one of its own subscriptions."));
            }
        }

        var page = await store.ListAsync(query, context.RequestAborted);
        await Answer.JsonAsync(context, new DeliveryList([.. page.Select(DeliveryInfo.From)], page.Count == query.Limit ? page[^1].Key.ToString() : null));
    }

    private static async Task ReplayAsync(HttpContext context, SubscriptionService service, INotificationStore store, NoticeSignal signal, MonotonicClock clock, ILogger<SubscriptionService> log) =>
        await ChangeDeadAsync(context, service, "replayed", log, async (key, subscription) =>
        {
            var count = await store.ReplayAsync(key, subscription, clock.Now, context.RequestAborted);
            signal.Wake();
            return count;
        });

    private static async Task DropAsync(HttpContext context, SubscriptionService service, INotificationStore store, ILogger<SubscriptionService> log) =>
        await ChangeDeadAsync(context, service, "dropped", log, (key, subscription) => store.DropAsync(key, subscription, context.RequestAborted));

    private static async Task ChangeDeadAsync(
        HttpContext context, SubscriptionService service, string change, ILogger log, Func<DeliveryKey?, long?, Task<long>> make)
    {
        var body = await RequestBody.ReadAsync<DeadDeliveriesRequest>(context);
        DeliveryKey? key = null;
        if (body.DeliveryId is { } text)
        {
            key = DeliveryKey.TryParse(text, out var parsed) ? parsed : throw new RequestRefusedException(Error.Invalid("deliveryId", "The id of a delivery, such as 3-1024-7."));
        }

        var subscription = key?.SubscriptionId ?? body.SubscriptionId;
        var caller = context.GetCaller();
        if (subscription is { } id && await service.FindAsync(id, caller, context.RequestAborted) is { IsSuccess: false } missing)
        {
            await Problems.WriteAsync(context, missing.Error!);
            return;
        }

        if (subscription is null && caller.Submitters is not null)
        {
            throw new RequestRefusedException(Error.Invalid("subscriptionId", "This token must name one of its own subscriptions."));
        }

        var count = await make(key, subscription);
        if (key is { } one && count == 0)
        {
            await Problems.WriteAsync(context, new Error(ErrorKind.NotFound, "delivery.not_found", $"There is no dead delivery {one}."));
            return;
        }

        LogDead(log, caller.Actor, change, count);
        await Answer.JsonAsync(context, new DeadDeliveriesResponse(count));
    }

    private static T? Refused<T>(QueryReader reader, string name, string message)
        where T : struct
    {
        reader.Refuse(name, message);
        return null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Actor} {Change} the subscription {Subscription} ({Kind})")]
    private static partial void LogChange(ILogger logger, string actor, string change, long subscription, string kind);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Actor} {Change} {Count} dead notifications")]
    private static partial void LogDead(ILogger logger, string actor, string change, long count);
}
