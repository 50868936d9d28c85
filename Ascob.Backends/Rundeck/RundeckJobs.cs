using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;

namespace Ascob.Backends.Rundeck;

/// <summary>Finds the job that labels name, and what it declares.</summary>
internal sealed class RundeckJobs(RundeckCalls calls, string backendId, TimeProvider time)
{
    private const int MostRemembered = 1000;
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<JobName, (string Id, long At)> _ids = new();

    /// <summary>Answers the id of the job that the labels name, or why there is none. Nothing is started by asking.</summary>
    public async Task<(string? Id, SubmitOutcome? Refusal)> ResolveAsync(JobSpec spec, CancellationToken cancellationToken)
    {
        if (spec.Label(RundeckJobRules.JobId) is { } id)
        {
            return (id, null);
        }

        var name = NameOf(spec);
        if (_ids.TryGetValue(name, out var known) && time.GetElapsedTime(known.At) < Remembered)
        {
            return (known.Id, null);
        }

        var answer = await calls.ReadAsync((api, v) => api.FindJobsAsync(v, name.Project, name.Name, name.Group, cancellationToken), cancellationToken, BackendAnswerLimit).ConfigureAwait(false);
        if (!answer.IsOk || answer.Json is not { ValueKind: JsonValueKind.Array } list)
        {
            return (null, Refusal(answer, $"project '{name.Project}'"));
        }

        // Servers that do not know a filter ignore it, so every hit is compared.
        var hits = list.EnumerateArray().Where(j => IsNamed(j, name)).Select(j => RundeckJson.Text(j, "id")).OfType<string>().Where(RundeckJobRules.IsSegment).ToList();
        switch (hits)
        {
            case [var only]:
                Remember(name, only);
                return (only, null);
            case []:
                return (null, SubmitOutcome.Rejected($"Rundeck has no job '{name}' in project '{name.Project}' that the user of the token can see"));
            default:
                return (null, SubmitOutcome.Rejected($"Rundeck has {hits.Count} jobs '{name}' in project '{name.Project}'; name the group by {RundeckJobRules.JobGroup} ('-' for none)"));
        }
    }

    /// <summary>Forgets which id a name had; answers whether it had been remembered.</summary>
    public bool Forget(JobSpec spec) => spec.Label(RundeckJobRules.JobId) is null && _ids.TryRemove(NameOf(spec), out _);

    /// <summary>Answers the project of a job, or why it is not known.</summary>
    public async Task<(string? Project, string? Reason)> ProjectOfAsync(string jobId, CancellationToken cancellationToken)
    {
        var answer = await calls.ReadAsync((api, v) => api.GetJobInfoAsync(v, jobId, cancellationToken), cancellationToken).ConfigureAwait(false);
        return answer.IsOk && RundeckJson.Text(answer.Json, "project") is { } project && RundeckJobRules.IsSegment(project)
            ? (project, null)
            : (null, answer.Describe(backendId));
    }

    /// <summary>Answers what the job declares, or why that is not known.</summary>
    public async Task<(RundeckDefinition? Definition, SubmitOutcome? Refusal)> DefinitionAsync(string jobId, CancellationToken cancellationToken)
    {
        var answer = await calls.ReadAsync((api, v) => api.GetJobDefinitionAsync(v, jobId, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.IsOk && RundeckDefinition.TryRead(answer.Json) is { } definition)
        {
            return (definition, null);
        }

        return (null, calls.Version < RundeckSettings.DefinitionVersion && !answer.IsError
            ? SubmitOutcome.Rejected($"secret parameters and files need version {RundeckSettings.DefinitionVersion} of Rundeck's API, and this Rundeck has {calls.Version}; see the settings CheckSecureOptions and FileOptions")
            : Refusal(answer, $"job {jobId}"));
    }

    private const int BackendAnswerLimit = Http.BackendHttp.LargestAnswer;

    private static JobName NameOf(JobSpec spec) =>
        new(spec.Label(RundeckJobRules.Project, string.Empty)!, spec.Label(RundeckJobRules.JobGroup)?.Trim('/'), spec.Label(RundeckJobRules.JobName, string.Empty)!);

    private static bool IsNamed(JsonElement job, JobName name)
    {
        var group = RundeckJson.Text(job, "group") ?? string.Empty;
        return RundeckJson.Text(job, "name") == name.Name && (name.Group switch { null => true, "-" => group.Length == 0, { } wanted => group == wanted });
    }

    // What goes wrong before the order has left is certain: nothing was started.
    private SubmitOutcome Refusal(RundeckAnswer answer, string what) => answer switch
    {
        { Status: HttpStatusCode.NotFound, IsError: true } => SubmitOutcome.Rejected($"Rundeck knows no {what}: {answer.Describe(backendId)}"),
        _ => SubmitOutcome.NotNow(answer.Describe(backendId), answer.RetryAfter),
    };

    private void Remember(JobName name, string id)
    {
        if (_ids.Count >= MostRemembered)
        {
            _ids.Clear();
        }

        _ids[name] = (id, time.GetTimestamp());
    }

    private sealed record JobName(string Project, string? Group, string Name)
    {
        public override string ToString() => Group is null or "-" ? Name : $"{Group}/{Name}";
    }
}
