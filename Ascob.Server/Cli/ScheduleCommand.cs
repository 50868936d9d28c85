using System.CommandLine;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Schedules;

namespace Ascob.Server.Cli;

/// <summary><c>ascob schedule</c>: lists, adds, removes and previews schedules of definitions.</summary>
internal static class ScheduleCommand
{
    public static Command Create(CliContext context) => new("schedule", "Lists, adds, removes and previews schedules of definitions.")
    {
        CreateList(context),
        CreateAdd(context),
        CreateRemove(context),
        CreateNext(context),
    };

    private static Command CreateList(CliContext context)
    {
        var definition = new Argument<string?>("definition") { Description = "Only those of this definition.", Arity = ArgumentArity.ZeroOrOne };
        var json = CliText.JsonOption();
        var command = new Command("list", "Prints schedules with their next firing.") { definition, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var schedules = parsed.GetValue(definition) is { } name
                ? await client.SchedulesAsync(name, cancellationToken)
                : await client.AllSchedulesAsync(cancellationToken).ToListAsync(cancellationToken);
            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, schedules);
                return ExitCodes.Ok;
            }

            context.Terminal.Out.WriteLine($"{"SCHEDULE",-9} {"STATE",-10} {"NEXT",-25} {"DEFINITION",-30} RHYTHM");
            foreach (var schedule in schedules)
            {
                context.Terminal.Out.WriteLine(
                    $"{schedule.Id,-9} {schedule.State,-10} {CliText.Time(schedule.NextFiring) ?? "-",-25} {CliText.Cut(schedule.Definition, 30),-30} {CliText.Plain(schedule.Rhythm)}".TrimEnd());
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateAdd(CliContext context)
    {
        var definition = new Argument<string>("definition") { Description = "The definition that is launched." };
        var cron = new Option<string?>("--cron") { Description = "Five fields, or six with seconds in front.", HelpName = "TEXT" };
        var every = new Option<string?>("--every") { Description = "The time between two firings: 90, 15m, 2h, 1d.", HelpName = "TIME" };
        var at = new Option<string?>("--at") { Description = "The first firing of --every, or the only one; with --cron nothing fires before it.", HelpName = "TIME" };
        var until = new Option<string?>("--until") { Description = "Nothing fires after it.", HelpName = "TIME" };
        var zone = new Option<string?>("--zone") { Description = "The zone of --cron, such as Europe/Berlin; else UTC.", HelpName = "NAME" };
        var overlap = new Option<string?>("--overlap") { Description = "While a run is active: allow, skip or queue.", HelpName = "WORD" };
        var catchUp = new Option<string?>("--catch-up") { Description = "Of missed firings: none, one or all.", HelpName = "WORD" };
        var jitter = new Option<string?>("--jitter") { Description = "Up to which time each firing is delayed.", HelpName = "TIME" };
        var parameters = new Option<string?>("--parameters") { Description = "A JSON object with the parameters of the launch.", HelpName = "JSON" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Prints when it would fire, and saves nothing." };
        var json = CliText.JsonOption();
        var command = new Command("add", "Adds a schedule and prints its number.") { definition, cron, every, at, until, zone, overlap, catchUp, jitter, parameters, dryRun, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var spec = new ScheduleSpec
            {
                Cron = parsed.GetValue(cron),
                EverySeconds = CommandLine.Seconds("--every", parsed.GetValue(every)),
                StartAt = Time("--at", parsed.GetValue(at)),
                EndAt = Time("--until", parsed.GetValue(until)),
                TimeZone = parsed.GetValue(zone),
                Overlap = Word<OverlapPolicy>("--overlap", parsed.GetValue(overlap)) ?? OverlapPolicy.Allow,
                CatchUp = Word<CatchUpPolicy>("--catch-up", parsed.GetValue(catchUp)) is { } policy ? new CatchUpSpec(policy) : null,
                JitterSeconds = CommandLine.Seconds("--jitter", parsed.GetValue(jitter)) ?? 0,
                Parameters = ReadParameters(parsed.GetValue(parameters)),
            };
            using var client = context.Connect(parsed);
            if (parsed.GetValue(dryRun))
            {
                Print(context.Terminal.Out, await client.PreviewScheduleAsync(spec, cancellationToken: cancellationToken), parsed.GetValue(json));
                return ExitCodes.Ok;
            }

            var added = await client.AddScheduleAsync(parsed.GetValue(definition)!, spec, cancellationToken);
            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, added);
                return ExitCodes.Ok;
            }

            context.Terminal.Out.WriteLine(added.Id);
            context.Terminal.Error.WriteLine($"schedule {added.Id}: next at {CliText.Time(added.NextFiring) ?? "-"}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateRemove(CliContext context)
    {
        var definition = new Argument<string>("definition") { Description = "The definition." };
        var id = new Argument<long>("schedule") { Description = "The number of the schedule." };
        var command = new Command("remove", "Removes a schedule; its runs stay.") { definition, id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            await client.DeleteScheduleAsync(parsed.GetValue(definition)!, parsed.GetValue(id), cancellationToken);
            context.Terminal.Error.WriteLine($"schedule {parsed.GetValue(id)}: removed");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateNext(CliContext context)
    {
        var definition = new Argument<string>("definition") { Description = "The definition." };
        var id = new Argument<long?>("schedule") { Description = "Only this schedule.", Arity = ArgumentArity.ZeroOrOne };
        var count = new Option<int>("--count") { Description = "How many.", HelpName = "N", DefaultValueFactory = _ => 10 };
        var json = CliText.JsonOption();
        var command = new Command("next", "Prints the coming firings.") { definition, id, count, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            Print(
                context.Terminal.Out,
                await client.NextFiringsAsync(parsed.GetValue(definition)!, parsed.GetValue(id), parsed.GetValue(count), cancellationToken),
                parsed.GetValue(json));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Print(TextWriter output, IReadOnlyList<FiringInfo> firings, bool json)
    {
        if (json)
        {
            CliText.WriteJson(output, firings);
            return;
        }

        foreach (var firing in firings)
        {
            output.WriteLine($"{CliText.Time(firing.DueAt)}  {firing.Local}{(firing.ScheduleId is { } id ? $"  schedule {id}" : string.Empty)}");
        }
    }

    private static DateTimeOffset? Time(string option, string? text) => text is null ? null
        : AscobJson.TryParseTime(text, out var time) ? time
        : throw new CliException(ExitCodes.Usage, $"{option} wants a time such as 2026-01-31T12:00:00Z, not \"{text}\"");

    private static T? Word<T>(string option, string? text)
        where T : struct, Enum => text is null ? null
        : Enum.TryParse<T>(text, ignoreCase: true, out var value) && !char.IsAsciiDigit(text[0]) ? value
        : throw new CliException(ExitCodes.Usage, $"{option} {text} is none of {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}");

    private static JsonElement? ReadParameters(string? text)
    {
        try
        {
            return text is null ? null : JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCodes.Usage, $"--parameters wants a JSON object: {e.Message}");
        }
    }
}
