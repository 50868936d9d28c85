using System.CommandLine;
using Ascob.Core.Client;
using Ascob.Core.Output;

namespace Ascob.Server.Cli;

/// <summary><c>ascob logs</c>: prints a run's output.</summary>
internal static class LogsCommand
{
    public static Command Create(CliContext context)
    {
        var run = CommandLine.RunArgument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the run is final." };
        var stream = new Option<string>("--stream") { Description = "One of the two streams, where the backend keeps them apart.", DefaultValueFactory = _ => "combined" };
        stream.AcceptOnlyFromAmong("combined", "stdout", "stderr");
        var command = new Command("logs", "Prints a run's output.") { run, follow, stream };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var channel = parsed.GetValue(stream) switch
            {
                "stdout" => OutputChannel.Stdout,
                "stderr" => OutputChannel.Stderr,
                _ => OutputChannel.Combined,
            };
            using var client = context.Connect(parsed, patient: parsed.GetValue(follow));
            if (parsed.GetValue(follow))
            {
                await client.CopyOutputAsync(parsed.GetValue(run), context.Terminal.Output, 0, channel, cancellationToken);
            }
            else
            {
                await PrintAsync(client, parsed.GetValue(run), channel, context.Terminal.Output, cancellationToken);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task PrintAsync(AscobClient client, long runId, OutputChannel channel, Stream destination, CancellationToken cancellationToken)
    {
        using var response = await (channel switch
        {
            OutputChannel.Stdout => client.Api.GetStdoutAsync(runId, null, null, null, cancellationToken),
            OutputChannel.Stderr => client.Api.GetStderrAsync(runId, null, null, null, cancellationToken),
            OutputChannel.Combined => client.Api.GetOutputAsync(runId, null, null, null, cancellationToken),
        });
        if (!response.IsSuccessStatusCode)
        {
            throw await AscobApiException.FromAsync(response, cancellationToken);
        }

        await response.Content.CopyToAsync(destination, cancellationToken);
        await destination.FlushAsync(cancellationToken);
    }
}
