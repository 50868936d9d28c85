using System.Text.Json.Serialization;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Core.Client;

/// <summary>A run as clients see it. Every member is always present; what is unknown is null.</summary>
public sealed record RunInfo
{
    /// <summary>Gets the run's number.</summary>
    public required long Id { get; init; }

    /// <summary>Gets the root of the chain of resubmissions, or the parent run.</summary>
    public long? ParentId { get; init; }

    /// <summary>Gets where the run stands.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>Gets the description as it was sent, runtime variables unresolved.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the end user who owns the run.</summary>
    public string? Submitter { get; init; }

    /// <summary>Gets when the run was stored.</summary>
    public required DateTimeOffset DefinedTime { get; init; }

    /// <summary>Gets when the present attempt was first handed to the backend.</summary>
    public DateTimeOffset? SubmissionTime { get; init; }

    /// <summary>Gets when the backend started working on it.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Gets when the run became final.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>Gets why the run stands where it does, in one readable sentence.</summary>
    public string? StatusReason { get; init; }

    /// <summary>Gets the chosen backend.</summary>
    public string? BackendId { get; init; }

    /// <summary>Gets the backend's own word for the state.</summary>
    public string? BackendStatus { get; init; }

    /// <summary>Gets a link for people to the job in its system.</summary>
    public string? BackendUrl { get; init; }

    /// <summary>Gets the exit code of the last attempt where the backend has one.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Gets the most memory that the job's processes held together, in kB; null where that is not known.</summary>
    public long? MaxMemoryKb { get; init; }

    /// <summary>Gets the labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Gets the parameters, plain and secret; the values of secret ones are <c>***</c>.</summary>
    public IReadOnlyDictionary<string, string>? Parameters { get; init; }

    /// <summary>Gets the locks that the run wants or holds.</summary>
    public IReadOnlyList<RunLockInfo>? Locks { get; init; }

    /// <summary>Gets the attempt, from 1.</summary>
    public int Attempt { get; init; }

    /// <summary>Gets the progress from 0 to 100.</summary>
    public double? Progress { get; init; }

    /// <summary>Gets the identifier of the token that submitted the run.</summary>
    public string? Token { get; init; }

    /// <summary>Gets the number of the definition that the run was launched from.</summary>
    public long? DefinitionId { get; init; }

    /// <summary>Gets the name that the definition had then.</summary>
    public string? DefinitionName { get; init; }

    /// <summary>Gets the version of the definition that the run was made of.</summary>
    public int? DefinitionVersion { get; init; }

    /// <summary>Gets what asked for the launch; null for a job that was simply submitted.</summary>
    public RunCause? Cause { get; init; }

    /// <summary>Gets the number of changes so far; equal versions are equal runs.</summary>
    public long Version { get; init; }

    /// <summary>Gets why this backend was chosen.</summary>
    public ExplainResponse? Route { get; init; }

    /// <summary>Gets whether nothing will change the status any more.</summary>
    [JsonIgnore]
    public bool IsFinal => Status.IsFinal();

    /// <summary>Gets whether the run ended well.</summary>
    [JsonIgnore]
    public bool HasSucceeded => Status == RunStatus.Succeeded;

    /// <summary>Shows a stored run.</summary>
    public static RunInfo From(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new RunInfo
        {
            Id = run.Id,
            ParentId = run.ParentId,
            Status = run.Status,
            Description = run.Spec.Description,
            Submitter = run.Spec.Submitter,
            DefinedTime = run.DefinedAt,
            SubmissionTime = run.SubmittedAt,
            StartTime = run.StartedAt,
            EndTime = run.EndedAt,
            StatusReason = run.StatusReason,
            BackendId = run.BackendId,
            BackendStatus = run.BackendStatus,
            BackendUrl = run.BackendUrl,
            ExitCode = run.ExitCode,
            MaxMemoryKb = run.MaxMemoryKb,
            Labels = run.Spec.Labels,
            Parameters = Masked(run.Spec),
            Locks = run.Spec.Locks is null ? null : [.. run.Spec.Locks.Select(l => RunLockInfo.From(l, run.Fences))],
            Attempt = run.Attempt,
            Progress = run.Progress,
            Token = run.Token,
            DefinitionId = run.DefinitionId,
            DefinitionName = run.DefinitionName,
            DefinitionVersion = run.DefinitionVersion,
            Cause = run.Cause,
            Version = run.Version,
            Route = run.Route is null ? null : ExplainResponse.From(run.Route),
        };
    }

    private static IReadOnlyDictionary<string, string>? Masked(JobSpec spec)
    {
        if (spec.SecretParameters is not { Count: > 0 } secrets)
        {
            return spec.Parameters;
        }

        var shown = new Dictionary<string, string>(spec.Parameters ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var name in secrets.Keys)
        {
            shown[name] = SecretSplit.Mask;
        }

        return shown;
    }
}

/// <summary>A lock of a run.</summary>
/// <param name="Key">The lock's name as it was sent.</param>
/// <param name="Mode">Exclusive or shared.</param>
/// <param name="Policy">What happens when it is taken.</param>
/// <param name="Fence">The fencing number of the grant; null before it.</param>
public sealed record RunLockInfo(string Key, LockMode Mode, LockPolicy Policy, long? Fence)
{
    internal static RunLockInfo From(LockSpec spec, IReadOnlyDictionary<string, long>? fences) =>
        new(spec.Key, spec.Mode, spec.Policy, fences is not null && fences.TryGetValue(spec.Key, out var fence) ? fence : null);
}
