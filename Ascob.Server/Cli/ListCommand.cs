using System.CommandLine;
using Ascob.Core.Client;
using Ascob.Core.Runs;

namespace Ascob.Server.Cli;

/// <summary><c>ascob list</c>: prints runs, newest first.</summary>
internal static class ListCommand
{
    public static Command Create(CliContext context)
    {
        var status = CommandLine.Repeated("--status", "STATUS", "RUNNING, FAILED, …; repeatable.");
        var label = CommandLine.Repeated("--label", "key=value", "Runs that carry this label; repeatable.");
        var submitter = new Option<string?>("--submitter") { Description = "Runs of this user.", HelpName = "NAME" };
        var backend = new Option<string?>("--backend") { Description = "Runs on this backend.", HelpName = "ID" };
        var parent = new Option<long?>("--parent") { Description = "Runs of this chain.", HelpName = "RUN" };
        var text = new Option<string?>("--text") { Description = "Runs whose description holds this.", HelpName = "TEXT" };
        var limit = new Option<int>("--limit") { Description = "At most so many.", HelpName = "N", DefaultValueFactory = _ => 50 };
        var json = CliText.JsonOption();
        var command = new Command("list", "Prints runs, newest first.") { status, label, submitter, backend, parent, text, limit, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var most = parsed.GetValue(limit);
            if (most < 1)
            {
                throw new CliException(ExitCodes.Usage, "--limit wants a number from 1 on");
            }

            var query = new RunQuery
            {
                Status = Statuses(parsed.GetValue(status)),
                Label = Labels(parsed.GetValue(label)),
                Submitter = parsed.GetValue(submitter),
                Backend = parsed.GetValue(backend),
                Parent = parsed.GetValue(parent),
                Text = parsed.GetValue(text),
                Limit = Math.Min(most, 500),
            };
            using var client = context.Connect(parsed);
            var runs = new List<RunInfo>();
            await foreach (var run in client.SearchAsync(query, cancellationToken).Take(most))
            {
                runs.Add(run);
            }

            Print(context.Terminal.Out, runs, parsed.GetValue(json));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static List<RunStatus>? Statuses(string[]? words)
    {
        if (words is not { Length: > 0 })
        {
            return null;
        }

        return [.. words.Select(word => RunStatusNames.TryParse(word.ToUpperInvariant().Replace('-', '_'), out var status)
            ? status
            : throw new CliException(
                ExitCodes.Usage, $"--status {word} is none of {string.Join(", ", Enum.GetValues<RunStatus>().Select(s => s.ToWire()))}"))];
    }

    private static List<string>? Labels(string[]? given) =>
        given is { Length: > 0 } ? [.. CommandLine.Pairs("--label", given).Select(l => $"{l.Key}:{l.Value}")] : null;

    private static void Print(TextWriter output, List<RunInfo> runs, bool json)
    {
        if (json)
        {
            CliText.WriteJson(output, runs);
            return;
        }

        output.WriteLine($"{"RUN",-8} {"STATUS",-14} {"BACKEND",-16} {"SUBMITTER",-16} {"DEFINED",-24} DESCRIPTION");
        foreach (var run in runs)
        {
            output.WriteLine(
                $"{run.Id,-8} {run.Status.ToWire(),-14} {CliText.Cut(run.BackendId, 16),-16} {CliText.Cut(run.Submitter, 16),-16} {CliText.Time(run.DefinedTime),-24} {CliText.Cut(run.Description, 60)}".TrimEnd());
        }
    }
}
