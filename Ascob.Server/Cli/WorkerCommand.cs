using System.CommandLine;
using System.Globalization;
using Ascob.Server.Configuration;

namespace Ascob.Server.Cli;

/// <summary><c>ascob worker</c>: takes shell jobs for its labels from the servers that share its database.</summary>
internal static class WorkerCommand
{
    public static Command Create(CliContext context)
    {
        var name = new Option<string?>("--name") { Description = "The worker's name, which is also the id of its backend: letters, digits and . _ -", HelpName = "NAME" };
        var labels = new Option<string[]>("--labels") { Description = "The labels that lead jobs here, such as os=linux,team=dba; repeatable.", HelpName = "K=V,…" };
        var capacity = new Option<int?>("--capacity") { Description = "The most jobs at once; no limit where it is left out.", HelpName = "N" };
        var command = new Command("worker", "Runs shell jobs for its labels. Everything else behind it is configuration: --Ascob:Database:ConnectionString …, --Ascob:DataDirectory DIR, …")
        {
            name, labels, capacity,
        };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellationToken) => RunAsync(
            context,
            [.. parsed.UnmatchedTokens, .. Settings(parsed.GetValue(name), parsed.GetValue(labels) ?? [], parsed.GetValue(capacity))],
            cancellationToken));
        return command;
    }

    /// <summary>Turns the options into configuration.</summary>
    /// <exception cref="CliException">A label is malformed.</exception>
    internal static IEnumerable<string> Settings(string? name, IReadOnlyList<string> labels, int? capacity)
    {
        if (name is not null)
        {
            yield return $"--{WorkerSettings.Name}={name}";
        }

        if (capacity is { } most)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--{WorkerSettings.Capacity}={most}");
        }

        foreach (var label in labels.SelectMany(l => l.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            var equals = label.IndexOf('=', StringComparison.Ordinal);
            yield return equals > 0 && !label.AsSpan(0, equals).Contains(':')
                ? $"--{WorkerSettings.Labels}:{label[..equals]}={label[(equals + 1)..]}"
                : throw new CliException(ExitCodes.Usage, $"\"{label}\" is no label; it looks like os=linux");
        }
    }

    private static async Task<int> RunAsync(CliContext context, string[] args, CancellationToken cancellationToken)
    {
        try
        {
            using var worker = AscobWorker.Build(args);
            await worker.RunToEndAsync(cancellationToken);
            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is ConfigurationException or DataDirectoryInUseException)
        {
            await context.Terminal.Error.WriteLineAsync($"ascob: {e.Message}");
            return ExitCodes.Configuration;
        }
    }
}
