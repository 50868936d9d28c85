using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace Ascob.Server.Cli;

/// <summary>The verbs of the executable.</summary>
internal static class CliRoot
{
    private static readonly string[] Help = ["--help", "-h", "-?", "/?", "/h", "--version"];

    /// <summary>Does what the command line says.</summary>
    /// <param name="args">Without the program's name.</param>
    /// <param name="serve">Serves with the rest of the arguments until the process is asked to end.</param>
    public static Task<int> RunAsync(string[] args, Func<string[], Task<int>> serve) =>
        RunAsync(args, serve, new CliContext(CliTerminal.OfProcess(), Environment.GetEnvironmentVariable, TimeProvider.System));

    internal static async Task<int> RunAsync(string[] args, Func<string[], Task<int>> serve, CliContext context)
    {
        if (args is [ServeCommand.Name, .. var rest])
        {
            if (!rest.Any(Help.Contains))
            {
                return await serve(rest);
            }
        }
        else if (IsConfigurationOnly(args))
        {
            return await serve(args);
        }

        var parsed = Create(context).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Refuse(context, ExitCodes.Usage, $"{parsed.Errors[0].Message.TrimEnd('.')} (see --help)");
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
        catch (Exception e) when (CliErrors.Describe(e, context.Url(parsed)) is { } described)
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
            TokenCommand.Create(context),
            DoctorCommand.Create(context),
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
