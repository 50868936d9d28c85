using System.CommandLine;
using Ascob.Core.Client;

namespace Ascob.Server.Cli;

/// <summary>Builds a server without starting it.</summary>
/// <param name="args">Configuration in .NET's form.</param>
/// <param name="configure">Changes the parts before they are put together; null for no change.</param>
internal delegate WebApplication BuildServer(string[] args, Action<WebApplicationBuilder>? configure = null);

/// <summary>What every verb has: the terminal, the environment, the time, and the server it talks to.</summary>
internal sealed class CliContext(CliTerminal terminal, Func<string, string?> environment, TimeProvider time, BuildServer buildServer)
{
    public const string UrlVariable = "ASCOB_URL";
    public const string TokenVariable = "ASCOB_TOKEN";
    private const string DefaultUrl = "http://localhost:8081";

    public CliTerminal Terminal { get; } = terminal;

    public Func<string, string?> Environment { get; } = environment;

    public TimeProvider Time { get; } = time;

    /// <summary>Gets what builds a server from configuration arguments without starting it.</summary>
    public BuildServer BuildServer { get; } = buildServer;

    /// <summary>Gets what listens to Ctrl-C while a run is followed.</summary>
    public Func<Interrupts> ListenToInterrupts { get; init; } = static () => new Interrupts();

    public Option<string?> UrlOption { get; } = new("--url")
    {
        Description = $"The server; else {UrlVariable}, else {DefaultUrl}.",
        HelpName = "URL",
        Recursive = true,
    };

    public Option<string?> TokenOption { get; } = new("--token")
    {
        Description = $"The token; else {TokenVariable}, which other users of the machine cannot read.",
        HelpName = "TOKEN",
        Recursive = true,
    };

    /// <summary>Answers whether a server was named, by option or variable.</summary>
    public bool NamesServer(ParseResult parsed) => Named(parsed) is not null;

    /// <summary>Answers the server's address.</summary>
    public Uri Url(ParseResult parsed)
    {
        var text = Named(parsed) ?? DefaultUrl;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new CliException(ExitCodes.Usage, $"\"{text}\" is no URL of a server; it looks like {DefaultUrl}");
    }

    /// <summary>Answers the server's address for a message, also where the command line names none that makes sense.</summary>
    public Uri UrlOrDefault(ParseResult parsed) => Uri.TryCreate(Named(parsed), UriKind.Absolute, out var url) ? url : new Uri(DefaultUrl);

    /// <summary>Answers the token; null for none.</summary>
    public string? Token(ParseResult parsed) => NullIfEmpty(parsed.GetValue(TokenOption)) ?? NullIfEmpty(Environment(TokenVariable));

    /// <summary>Makes a client of the server that the command line names.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="patient">Whether a server that is away for some seconds is waited for, as befits somebody who follows a run over its restart.</param>
    public AscobClient Connect(ParseResult parsed, bool patient = false)
    {
        var url = Url(parsed);
        var token = Token(parsed)
            ?? throw new CliException(ExitCodes.NoPermission, $"no token for {url}; set {TokenVariable} or --token");
        return new AscobClient(url, token, new AscobClientOptions { MaxAttempts = patient ? 10 : 2, Time = Time });
    }

    private string? Named(ParseResult parsed) => NullIfEmpty(parsed.GetValue(UrlOption)) ?? NullIfEmpty(Environment(UrlVariable));

    private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
