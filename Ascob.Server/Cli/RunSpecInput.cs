using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Server.Cli;

/// <summary>What <c>ascob run</c> was told about the job.</summary>
internal sealed record RunSpecInput
{
    public string? Command { get; init; }

    public string? Spec { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];

    public IReadOnlyList<string> Parameters { get; init; } = [];

    public IReadOnlyList<string> Secrets { get; init; } = [];

    public IReadOnlyList<string> Locks { get; init; } = [];

    public string? Submitter { get; init; }

    public string? Description { get; init; }

    public string? Backend { get; init; }

    public string? Timeout { get; init; }
}

/// <summary>Makes the job of <c>ascob run</c>: the spec file, if any, with the options laid over it.</summary>
internal sealed class RunSpecReader(TextReader input, Func<string, string?> environment)
{
    /// <summary>Makes the job.</summary>
    /// <exception cref="CliException">The options contradict each other, or a file or secret is not there.</exception>
    public async Task<JobSpec> ReadAsync(RunSpecInput given, CancellationToken cancellationToken)
    {
        if (given.Spec == "-" && given.Secrets.Count > 0)
        {
            throw new CliException(ExitCodes.Usage, "--spec - and --secret both read stdin; put the spec into a file, or the secret into the environment");
        }

        var spec = given.Spec is null ? new JobSpec() : await ReadFileAsync(given.Spec, cancellationToken);
        var labels = Over(spec.Labels, CommandLine.Pairs("--label", given.Labels));
        if (given.Command is not null)
        {
            labels["shell_command"] = given.Command;
        }

        if (given.Backend is not null)
        {
            labels["_execution_backend_id"] = given.Backend;
        }

        if (labels.Count == 0)
        {
            throw new CliException(ExitCodes.Usage, "nothing to run: give --command TEXT, --label key=value or --spec FILE");
        }

        return spec with
        {
            Submitter = given.Submitter ?? spec.Submitter ?? environment("USER") ?? Environment.UserName,
            Description = given.Description ?? spec.Description ?? given.Command,
            Labels = labels,
            Parameters = OrNull(Over(spec.Parameters, CommandLine.Pairs("--param", given.Parameters))),
            SecretParameters = OrNull(Over(spec.SecretParameters, await CommandLine.SecretsAsync(given.Secrets, environment, input, cancellationToken))),
            Locks = given.Locks.Count == 0 ? spec.Locks : [.. spec.Locks ?? [], .. given.Locks.Select(Lock)],
            TimeoutSeconds = CommandLine.Seconds("--timeout", given.Timeout) ?? spec.TimeoutSeconds,
        };
    }

    /// <summary>Reads <c>name</c>, <c>name:shared</c> or <c>name:exclusive</c>.</summary>
    internal static LockSpec Lock(string text)
    {
        const string shared = ":shared";
        const string exclusive = ":exclusive";
        return text switch
        {
            _ when text.EndsWith(shared, StringComparison.Ordinal) => new LockSpec(text[..^shared.Length], LockMode.Shared),
            _ when text.EndsWith(exclusive, StringComparison.Ordinal) => new LockSpec(text[..^exclusive.Length]),
            _ => new LockSpec(text),
        };
    }

    private async Task<JobSpec> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var text = path == "-"
                ? await input.ReadToEndAsync(cancellationToken)
                : await File.ReadAllTextAsync(path, cancellationToken);
            using var document = JsonDocument.Parse(text);

            // Both the bare spec and the body of POST /api/runs are taken, so that one file serves curl and this command.
            var root = document.RootElement;
            var spec = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("jobSpec", out var inner) ? inner : root;
            return spec.Deserialize<JobSpec>(AscobJson.Options) ?? throw new JsonException("the spec is null");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCodes.Usage, $"--spec {path} is no job spec: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.NotFound, $"cannot read --spec {path}: {e.Message}", e);
        }
    }

    private static Dictionary<string, string> Over(IReadOnlyDictionary<string, string>? below, Dictionary<string, string> above)
    {
        var merged = new Dictionary<string, string>(below ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (key, value) in above)
        {
            merged[key] = value;
        }

        return merged;
    }

    private static Dictionary<string, string>? OrNull(Dictionary<string, string> map) => map.Count == 0 ? null : map;
}
