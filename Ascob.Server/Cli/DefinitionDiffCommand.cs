using System.CommandLine;

namespace Ascob.Server.Cli;

/// <summary><c>ascob definition diff</c>: what is different between two versions.</summary>
internal static class DefinitionDiffCommand
{
    public static Command Create(CliContext context)
    {
        var name = DefinitionCommand.NameArgument();
        var from = new Argument<int>("from") { Description = "The one version." };
        var to = new Argument<int?>("to") { Description = "The other version; the present one if left out.", Arity = ArgumentArity.ZeroOrOne };
        var json = CliText.JsonOption();
        var command = new Command("diff", "Prints what is different between two versions of a definition.") { name, from, to, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var diff = await client.Api.DiffDefinitionAsync(parsed.GetValue(name)!, parsed.GetValue(from), parsed.GetValue(to), cancellationToken);
            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, diff);
                return ExitCodes.Ok;
            }

            foreach (var change in diff.Changes)
            {
                context.Terminal.Out.WriteLine(CliText.Plain($"{change.Path}: {Shown(change.Before)} -> {Shown(change.After)}"));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Shown(string? value) => value?.ReplaceLineEndings(" ") ?? "(nothing)";
}
