using System.CommandLine;

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
}
