using System.CommandLine;

namespace Ascob.Server.Cli;

/// <summary>The verbs of the executable.</summary>
internal static class CliRoot
{
    private static readonly string[] Help = ["--help", "-h", "-?", "/?", "/h", "--version"];

    /// <summary>Does what the command line says.</summary>
    /// <param name="args">Without the program's name.</param>
    /// <param name="buildServer">Makes a server from configuration arguments, not started yet.</param>
    public static Task<int> RunAsync(string[] args, BuildServer buildServer) =>
        RunAsync(args, new CliContext(CliTerminal.OfProcess(), Environment.GetEnvironmentVariable, TimeProvider.System, buildServer));

    internal static async Task<int> RunAsync(string[] args, CliContext context)
    {
        if (args is [ServeCommand.Name, .. var rest])
        {
            if (!rest.Any(Help.Contains))
            {
                return await ServeCommand.RunAsync(rest, context);
            }
        }
        else if (IsConfigurationOnly(args))
        {
            return await ServeCommand.RunAsync(args, context);
        }

        var parsed = Create(context).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            var message = parsed.UnmatchedTokens is [var unknown, ..] ? $"\"{unknown}\" is not known here" : parsed.Errors[0].Message.TrimEnd('.');
            return Refuse(context, ExitCodes.Usage, $"{message} (see --help)");
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = context.Terminal.Out,
                Error = context.Terminal.Error,
                EnableDefaultExceptionHandler = false,

                // Verbs that follow a run decide themselves what Ctrl-C means; for all others the process ends as usual.
                ProcessTerminationTimeout = null,
            });
        }
        catch (CliException e)
        {
            return Refuse(context, e.ExitCode, e.Message);
        }
        catch (Exception e) when (CliErrors.Describe(e, context.UrlOrDefault(parsed)) is { } described)
        {
            return Refuse(context, described.ExitCode, described.Message);
        }
    }

    // No verb: "serve". What starts with a dash (or has a colon and an equals sign) is configuration, unless it asks for help.
    private static bool IsConfigurationOnly(string[] args) =>
        args.Length == 0 || (!Help.Contains(args[0]) && (args[0].StartsWith('-') || args[0].Contains('=', StringComparison.Ordinal)));

    private static RootCommand Create(CliContext context)
    {
        var root = new RootCommand("One API, one history and one set of locks over all your automation.")
        {
            ServeCommand.Create(),
            RunCommand.Create(context),
            LogsCommand.Create(context),
            StatusCommand.Create(context),
            ListCommand.Create(context),
            StopCommand.Create(context),
            DefinitionCommand.Create(context),
            ScheduleCommand.Create(context),
            TokenCommand.Create(context),
            NotificationCommand.Create(context),
            DoctorCommand.Create(context),
            DemoCommand.Create(context),
            WorkerCommand.Create(context),
        };
        root.Add(context.UrlOption);
        root.Add(context.TokenOption);
        return root;
    }

    private static int Refuse(CliContext context, int exitCode, string message)
    {
        context.Terminal.Error.WriteLine($"ascob: {message}");
        return exitCode;
    }
}
