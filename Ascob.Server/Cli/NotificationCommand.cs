using System.CommandLine;
using Ascob.Core.Client;

namespace Ascob.Server.Cli;

/// <summary><c>ascob notification</c>: shows who is notified, tests receivers, and looks after messages that could not be delivered.</summary>
internal static class NotificationCommand
{
    public static Command Create(CliContext context) => new("notification", "Shows who is notified of what, tests receivers, and replays what could not be delivered.")
    {
        CreateList(context),
        CreateTest(context),
        CreateDead(context),
        CreateReplay(context),
        CreateDrop(context),
    };

    private static Command CreateList(CliContext context)
    {
        var json = CliText.JsonOption();
        var command = new Command("list", "Prints the subscriptions, without their secrets.") { json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var subscriptions = await client.SubscriptionsAsync(cancellationToken);
            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, subscriptions);
                return ExitCodes.Ok;
            }

            foreach (var s in subscriptions)
            {
                var where = s.Url ?? (s.To is null ? string.Empty : string.Join(",", s.To));
                context.Terminal.Out.WriteLine(CliText.Plain(
                    $"{s.Id}  {(s.Enabled ? "on" : "off")}  {s.Kind}  {s.Name}  {where}  {string.Join(",", s.Events)}{(s.DisabledReason is null ? string.Empty : $"  ({s.DisabledReason})")}"));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateTest(CliContext context)
    {
        var id = new Argument<long>("subscription") { Description = "Its number." };
        var command = new Command("test", "Sends a test message now; exit code 0 where the receiver took it.") { id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var result = await client.TestSubscriptionAsync(parsed.GetValue(id), cancellationToken);
            if (!result.Delivered)
            {
                throw new CliException(ExitCodes.Failed, CliText.Plain($"subscription {parsed.GetValue(id)}: {result.Reason}"));
            }

            context.Terminal.Out.WriteLine(CliText.Plain($"subscription {parsed.GetValue(id)}: taken as {result.EventId} in {result.DurationMs} ms"));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateDead(CliContext context)
    {
        var subscription = Subscription();
        var json = CliText.JsonOption();
        var command = new Command("dead", "Prints the messages that were given up, and why.") { subscription, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var dead = new List<DeliveryInfo>();
            await foreach (var delivery in client.DeliveriesAsync(new DeliveryListQuery { State = "dead", SubscriptionId = parsed.GetValue(subscription), Limit = 500 }, cancellationToken))
            {
                dead.Add(delivery);
            }

            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, dead);
                return ExitCodes.Ok;
            }

            foreach (var d in dead)
            {
                context.Terminal.Out.WriteLine(CliText.Plain($"{d.Id}  run {d.RunId}  {d.Event}  {CliText.Time(d.At)}  {d.LastError}"));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateReplay(CliContext context) => CreateChange(
        context, "replay", "Sends dead messages on their way again.", "on their way again", (client, request, stop) => client.ReplayDeliveriesAsync(request, stop));

    private static Command CreateDrop(CliContext context) => CreateChange(
        context, "drop", "Drops dead messages for good.", "dropped", (client, request, stop) => client.DropDeliveriesAsync(request, stop));

    private static Command CreateChange(
        CliContext context, string name, string description, string done, Func<AscobClient, DeadDeliveriesRequest, CancellationToken, Task<long>> change)
    {
        var id = new Argument<string?>("message") { Description = "One message, as 'notification dead' names it.", Arity = ArgumentArity.ZeroOrOne };
        var subscription = Subscription();
        var all = new Option<bool>("--all") { Description = "All of them." };
        var command = new Command(name, description) { id, subscription, all };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var one = parsed.GetValue(id);
            var of = parsed.GetValue(subscription);
            if ((one is null ? 0 : 1) + (of is null ? 0 : 1) + (parsed.GetValue(all) ? 1 : 0) != 1)
            {
                throw new CliException(ExitCodes.Usage, $"{name} wants a message, --subscription or --all");
            }

            using var client = context.Connect(parsed);
            var count = await change(client, new DeadDeliveriesRequest(one, of), cancellationToken);
            context.Terminal.Out.WriteLine($"{count} {done}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Option<long?> Subscription() => new("--subscription") { Description = "Those of this subscription.", HelpName = "NUMBER" };
}
