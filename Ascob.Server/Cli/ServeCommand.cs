using System.CommandLine;
using Ascob.Server.Cli.Demo;
using Ascob.Server.Configuration;
using Microsoft.AspNetCore.Connections;

namespace Ascob.Server.Cli;

/// <summary>
/// <c>ascob serve</c>. Everything behind the verb is configuration in .NET's own form, which no option parser must touch, so <see cref="CliRoot"/> hands it over before it
/// parses; the command itself exists for the help.
/// </summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    public static Command Create() => new(Name, "Serves (also without any verb). Everything behind it is configuration: --urls URL, --Ascob:DataDirectory DIR, …")
    {
        TreatUnmatchedTokensAsErrors = false,
    };

    /// <summary>Serves until the process is asked to end.</summary>
    public static async Task<int> RunAsync(string[] args, CliContext context)
    {
        try
        {
            await using var pretend = await PretendProducts.StartAsync(args, context.Time, CancellationToken.None);
            await using var server = context.BuildServer([.. args, .. pretend.Arguments]);
            server.Lifetime.ApplicationStarted.Register(() => pretend.Introduce(context.Terminal.Out));
            DataDirectoryLock.TakeFor(server);
            await server.RunToEndAsync(CancellationToken.None);
            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is ConfigurationException or DataDirectoryInUseException)
        {
            // One line that names the key; a stack trace would bury it.
            await context.Terminal.Error.WriteLineAsync($"ascob: {e.Message}");
            return ExitCodes.Configuration;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            await context.Terminal.Error.WriteLineAsync($"ascob: {CliText.Plain(e.Message)} Choose another address with --urls.");
            return ExitCodes.Unavailable;
        }
    }
}
