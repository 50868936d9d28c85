using System.CommandLine;
using Ascob.Core.Client;

namespace Ascob.Server.Cli;

/// <summary><c>ascob definition acknowledge</c>: somebody knows of a failure.</summary>
internal static class DefinitionAcknowledgeCommand
{
    public static Command Create(CliContext context)
    {
        var name = DefinitionCommand.NameArgument();
        var reason = new Option<string?>("--reason") { Description = "What is to be said of it.", HelpName = "TEXT" };
        var command = new Command("acknowledge", "Acknowledges the newest failure of a definition, so that it prevents no more launches; prints the run's number.") { name, reason };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var acknowledged = await client.Api.AcknowledgeDefinitionAsync(parsed.GetValue(name)!, new AcknowledgeRequest(parsed.GetValue(reason)), cancellationToken);
            context.Terminal.Out.WriteLine(acknowledged.RunId);
            return ExitCodes.Ok;
        });
        return command;
    }
}
