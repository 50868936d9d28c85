using System.CommandLine;
using Ascob.Server.Cli.Demo;

namespace Ascob.Server.Cli;

/// <summary><c>ascob demo</c>: shows Ascob in front of pretend products, for those who own none of the real ones.</summary>
internal static class DemoCommand
{
    public static Command Create(CliContext context)
    {
        var keep = new Option<bool>("--keep") { Description = "Go on serving afterwards, until Ctrl-C." };
        var command = new Command("demo", "Starts pretend products and a server in front of them, submits a few jobs and tells what happens. Touches nothing else.") { keep };
        command.SetAction((parsed, cancellationToken) => RunAsync(context, parsed.GetValue(keep), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext context, bool keep, CancellationToken cancellationToken)
    {
        using var interrupts = context.ListenToInterrupts();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, interrupts.First);
        var output = context.Terminal.Out;
        var backends = DemoBackends.All(context.Time);
        try
        {
            await using var server = await DemoServer.StartAsync(context, backends, stop.Token);
            output.WriteLine($"Ascob serves on {server.Url} with the token {DemoServer.Token}; its history goes away with it.");
            foreach (var backend in backends.Where(b => b.Server is not null))
            {
                output.WriteLine($"A pretend {backend.Type} serves on {backend.Server!.Url}; it is the backend {backend.Id}.");
            }

            var good = await new DemoTour(server.Client, output).ShowAsync(backends, stop.Token);
            if (keep)
            {
                output.WriteLine();
                output.WriteLine($"It goes on serving until Ctrl-C. Try: ascob list --url {server.Url} --token {DemoServer.Token}");
                await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return good ? ExitCodes.Ok : ExitCodes.Failed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
    }
}
