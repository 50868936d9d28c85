using System.CommandLine;
using Ascob.Core.Client;
using Ascob.Core.Runs;

namespace Ascob.Server.Cli;

/// <summary><c>ascob definition</c>: definitions, their launches and their history.</summary>
internal static class DefinitionCommand
{
    public static Command Create(CliContext context) => new("definition", "Makes, shows, launches and deletes definitions.")
    {
        CreateList(context),
        CreateShow(context),
        DefinitionSaveCommand.Create(context),
        DefinitionLaunchCommand.Create(context),
        CreateHistory(context),
        DefinitionDiffCommand.Create(context),
        DefinitionAcknowledgeCommand.Create(context),
        CreateOrder(context, "star", "Makes a definition a favourite of the token.", (api, name, ct) => api.StarDefinitionAsync(name, ct)),
        CreateOrder(context, "unstar", "Makes it a favourite no longer.", (api, name, ct) => api.UnstarDefinitionAsync(name, ct)),
        CreateOrder(context, "suspend", "Has schedules pass a definition over.", (api, name, ct) => api.SuspendDefinitionAsync(name, EmptyRequest.Instance, ct)),
        CreateOrder(context, "resume", "Has schedules launch a definition again.", (api, name, ct) => api.ResumeDefinitionAsync(name, EmptyRequest.Instance, ct)),
        CreateOrder(context, "delete", "Deletes a definition that has no run under way.", (api, name, ct) => api.DeleteDefinitionAsync(name, ct)),
    };

    /// <summary>Makes the argument that names a definition.</summary>
    public static Argument<string> NameArgument() => new("name") { Description = "The definition's name or number." };

    private static Command CreateList(CliContext context)
    {
        var text = new Option<string?>("--text") { Description = "Definitions whose name, description or tags hold this.", HelpName = "TEXT" };
        var tag = CommandLine.Repeated("--tag", "TAG", "Definitions with this tag; repeatable.");
        var starred = new Option<bool>("--starred") { Description = "The token's favourites only." };
        var json = CliText.JsonOption();
        var command = new Command("list", "Prints definitions, by name.") { text, tag, starred, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var query = new DefinitionQuery
            {
                Text = parsed.GetValue(text),
                Tag = parsed.GetValue(tag) is { Length: > 0 } tags ? tags : null,
                Starred = parsed.GetValue(starred) ? true : null,
                Limit = 500,
            };
            using var client = context.Connect(parsed);
            var definitions = await client.DefinitionsAsync(query, cancellationToken).ToListAsync(cancellationToken);
            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, definitions);
                return ExitCodes.Ok;
            }

            context.Terminal.Out.WriteLine($"{"NAME",-32} {"VERSION",-8} {"STATE",-10} {"LAST RUN",-24} TAGS");
            foreach (var definition in definitions)
            {
                var last = definition.LastRun is { } run ? $"{run.Id} {run.Status.ToWire()}" : "-";
                context.Terminal.Out.WriteLine(CliText.Plain(
                    $"{CliText.Cut(definition.Name, 32),-32} {definition.Version,-8} {(definition.Suspended ? "suspended" : "active"),-10} {last,-24} {string.Join(",", definition.Tags)}".TrimEnd()));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateShow(CliContext context)
    {
        var name = NameArgument();
        var command = new Command("show", "Prints a definition as JSON.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            CliText.WriteJson(context.Terminal.Out, await client.GetDefinitionAsync(parsed.GetValue(name)!, cancellationToken));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateHistory(CliContext context)
    {
        var name = NameArgument();
        var json = CliText.JsonOption();
        var command = new Command("history", "Prints the versions of a definition, newest first.") { name, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var versions = await VersionsAsync(client.Api, parsed.GetValue(name)!, cancellationToken);
            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, versions);
                return ExitCodes.Ok;
            }

            foreach (var version in versions)
            {
                context.Terminal.Out.WriteLine(CliText.Plain($"{version.Version,-8} {CliText.Time(version.SavedTime),-24} {version.SavedBy}"));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<List<DefinitionInfo>> VersionsAsync(IAscobApi api, string name, CancellationToken cancellationToken)
    {
        var versions = new List<DefinitionInfo>();
        int? below = null;
        do
        {
            var page = await api.ListDefinitionVersionsAsync(name, below, 500, cancellationToken);
            versions.AddRange(page.Items);
            below = page.NextBelow;
        }
        while (below is not null);
        return versions;
    }

    private static Command CreateOrder(CliContext context, string verb, string description, Func<IAscobApi, string, CancellationToken, Task> order)
    {
        var name = NameArgument();
        var command = new Command(verb, description) { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            await order(client.Api, parsed.GetValue(name)!, cancellationToken);
            context.Terminal.Error.WriteLine(CliText.Plain($"definition {parsed.GetValue(name)}: {verb switch { "suspend" => "suspended", "resume" => "resumed", "star" => "starred", "unstar" => "no longer starred", _ => "deleted" }}"));
            return ExitCodes.Ok;
        });
        return command;
    }
}
