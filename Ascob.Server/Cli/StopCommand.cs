using System.CommandLine;

namespace Ascob.Server.Cli;

/// <summary><c>ascob stop</c>: asks for a stop.</summary>
internal static class StopCommand
{
    public static Command Create(CliContext context)
    {
        var run = CommandLine.RunArgument();
        var force = new Option<bool>("--force") { Description = "End the job without asking it first." };
        var command = new Command("stop", "Asks for a stop; it is done when the run is final (see status).") { run, force };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            await client.StopAsync(parsed.GetValue(run), parsed.GetValue(force), cancellationToken);
            context.Terminal.Error.WriteLine($"run {parsed.GetValue(run)}: stop asked for");
            return ExitCodes.Ok;
        });
        return command;
    }
}
