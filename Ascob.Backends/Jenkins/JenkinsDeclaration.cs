using System.Collections.Concurrent;
using System.Text.Json;

namespace Ascob.Backends.Jenkins;

/// <summary>A parameter that a job declares.</summary>
internal sealed record JenkinsDeclared(string Type, IReadOnlyList<string?>? Choices)
{
    public bool IsFile => Type.Contains("File", StringComparison.Ordinal);

    public bool IsSecret => Type.Contains("Password", StringComparison.Ordinal);

    /// <summary>Gets whether it hands on any text as it is, for all to see.</summary>
    public bool IsOpenText => !IsFile && !IsSecret && Choices is not { Count: > 0 } && !Type.Contains("Boolean", StringComparison.Ordinal);
}

/// <summary>What a job declares of itself.</summary>
/// <param name="Buildable">Whether it takes builds; null for what is no job but a folder, which says nothing of that.</param>
/// <param name="Parameters">Its parameters by name; empty for a plain job.</param>
internal sealed record JenkinsDeclaration(bool? Buildable, IReadOnlyDictionary<string, JenkinsDeclared> Parameters)
{
    public bool IsPlain => Parameters.Count == 0;

    /// <summary>Gets whether runs of the job can be found again: it takes the marker, and shows it as it is.</summary>
    public bool TakesMarker => Parameters.TryGetValue(JenkinsMarker.Parameter, out var declared) && declared.IsOpenText;

    /// <summary>Answers whether a text can be handed over under this name.</summary>
    public bool Takes(string name) => Parameters.TryGetValue(name, out var declared) && declared is { IsFile: false, Choices: not { Count: > 0 } };

    public bool IsFile(string name) => Parameters.TryGetValue(name, out var declared) && declared.IsFile;

    public static JenkinsDeclaration Of(JenkinsJob job)
    {
        var parameters = new Dictionary<string, JenkinsDeclared>(StringComparer.Ordinal);
        foreach (var definition in (job.Property ?? []).SelectMany(p => p?.ParameterDefinitions ?? []))
        {
            if (definition?.Name is { Length: > 0 } name)
            {
                parameters[name] = new JenkinsDeclared(definition.Type ?? string.Empty, ChoicesOf(definition.Choices));
            }
        }

        return new JenkinsDeclaration(job.Buildable, parameters);
    }

    // What a plug-in tells under the same name in another form is no list of choices.
    private static List<string?>? ChoicesOf(JsonElement? choices) => choices is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(c => c.ValueKind == JsonValueKind.String)
        ? [.. list.EnumerateArray().Select(c => c.GetString())]
        : null;
}

/// <summary>The declarations of jobs, kept for a short time: a submission must not cost a question each time, nor trust what was true an hour ago.</summary>
internal sealed class JenkinsDeclarations(JenkinsClient client, TimeProvider time)
{
    private const int MostKept = 1000;
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (JenkinsDeclaration Declaration, long At)> _known = new(StringComparer.Ordinal);

    /// <summary>Answers the declaration of a job, and whether it was just read.</summary>
    public async Task<(JenkinsAnswer<JenkinsDeclaration> Answer, bool Fresh)> GetAsync(JenkinsProject project, bool renew, CancellationToken cancellationToken)
    {
        if (!renew && _known.TryGetValue(project.FullName, out var known) && time.GetElapsedTime(known.At) < Kept)
        {
            return (known.Declaration, false);
        }

        var answer = await client.JobAsync(project, cancellationToken).ConfigureAwait(false);
        if (answer.Value is not { } job)
        {
            _known.TryRemove(project.FullName, out _);
            return (answer.Fault!, true);
        }

        if (_known.Count >= MostKept)
        {
            _known.Clear();
        }

        var declaration = JenkinsDeclaration.Of(job);
        _known[project.FullName] = (declaration, time.GetTimestamp());
        return (declaration, true);
    }
}
