using System.CommandLine;
using System.Globalization;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Server.Cli;

/// <summary><c>ascob run</c>: submits a job, streams its output, ends with its result.</summary>
internal sealed class RunCommand : Command
{
    private readonly CliContext _context;
    private readonly Option<string?> _command = new("--command", "-c") { Description = "A shell command.", HelpName = "TEXT" };
    private readonly Option<string?> _spec = new("--spec") { Description = "A job spec as JSON; - is stdin.", HelpName = "FILE" };
    private readonly Option<string?> _submitter = new("--submitter") { Description = "Who owns the run; else the user's name.", HelpName = "NAME" };
    private readonly Option<string?> _description = new("--description") { Description = "Words for people.", HelpName = "TEXT" };
    private readonly Option<string?> _backend = new("--backend") { Description = "This backend and no other.", HelpName = "ID" };
    private readonly Option<string?> _timeout = new("--timeout") { Description = "The longest time the job may take: 90s, 15m, 2h.", HelpName = "TIME" };
    private readonly Option<bool> _detach = new("--detach") { Description = "Print the run's number and leave." };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "No progress on stderr." };
    private readonly Option<string[]> _labels = CommandLine.Repeated("--label", "key=value", "A label; repeatable.");
    private readonly Option<string[]> _parameters = CommandLine.Repeated("--param", "key=value", "A parameter; repeatable.");
    private readonly Option<string[]> _secrets = CommandLine.Repeated(
        "--secret", "NAME", "A secret parameter: its value is the variable of that name, or the next line of stdin; repeatable.");

    private readonly Option<string[]> _locks = CommandLine.Repeated("--lock", "NAME[:shared]", "A named lock; repeatable.");
    private readonly Option<string[]> _files = CommandLine.Repeated("--file", "NAME=PATH", "An input file; repeatable.");

    private RunCommand(CliContext context)
        : base("run", "Submits a job, streams its output and exits with its result. Without --url and ASCOB_URL it starts a server for this one run.")
    {
        _context = context;
        foreach (var option in new Option[]
        {
            _command, _labels, _parameters, _secrets, _locks, _files, _backend, _timeout, _submitter, _description, _spec, _detach, _quiet,
        })
        {
            Add(option);
        }

        SetAction(ExecuteAsync);
    }

    public static Command Create(CliContext context) => new RunCommand(context);

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var spec = await new RunSpecReader(_context.Terminal.Input, _context.Environment).ReadAsync(Input(parsed), cancellationToken);
        var files = CommandLine.Pairs("--file", parsed.GetValue(_files));
        if (_context.NamesServer(parsed))
        {
            using var client = _context.Connect(parsed, patient: true);
            return await RunAsync(client, spec, files, parsed, cancellationToken);
        }

        if (parsed.GetValue(_detach))
        {
            throw new CliException(ExitCodes.Usage, "--detach needs a server that stays: give --url or ASCOB_URL");
        }

        await using var server = await EmbeddedServer.StartAsync(_context, cancellationToken);
        if (server.IsTemporary)
        {
            _context.Terminal.Error.WriteLine("ascob: another server holds the data directory; this run is kept in a temporary one (name the server with --url or ASCOB_URL)");
        }

        return await RunAsync(server.Client, spec, files, parsed, cancellationToken);
    }

    private async Task<int> RunAsync(
        AscobClient client, JobSpec spec, Dictionary<string, string> files, ParseResult parsed, CancellationToken cancellationToken)
    {
        var runId = await SubmitAsync(client, spec, files, cancellationToken);
        if (parsed.GetValue(_detach))
        {
            _context.Terminal.Out.WriteLine(runId.ToString(CultureInfo.InvariantCulture));
            return ExitCodes.Ok;
        }

        var progress = new ProgressLine(_context.Terminal, _context.Time, parsed.GetValue(_quiet));
        using var interrupts = _context.ListenToInterrupts();
        return await new RunWatch(client, progress, _context.Time).FollowAsync(runId, interrupts, cancellationToken);
    }

    private static async Task<long> SubmitAsync(AscobClient client, JobSpec spec, Dictionary<string, string> files, CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            return await client.SubmitAsync(spec, cancellationToken: cancellationToken);
        }

        var streams = new Dictionary<string, Stream>(StringComparer.Ordinal);
        try
        {
            foreach (var (name, path) in files)
            {
                streams[name] = File.OpenRead(path);
            }

            return await client.SubmitWithFilesAsync(spec, streams, cancellationToken: cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.NotFound, $"cannot read an input file: {e.Message}", e);
        }
        finally
        {
            foreach (var stream in streams.Values)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private RunSpecInput Input(ParseResult parsed) => new()
    {
        Command = parsed.GetValue(_command),
        Spec = parsed.GetValue(_spec),
        Labels = parsed.GetValue(_labels) ?? [],
        Parameters = parsed.GetValue(_parameters) ?? [],
        Secrets = parsed.GetValue(_secrets) ?? [],
        Locks = parsed.GetValue(_locks) ?? [],
        Submitter = parsed.GetValue(_submitter),
        Description = parsed.GetValue(_description),
        Backend = parsed.GetValue(_backend),
        Timeout = parsed.GetValue(_timeout),
    };
}
