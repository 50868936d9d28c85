using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Files;
using Ascob.Core.Jobs;

namespace Ascob.Core.Runs;

/// <summary>A submission as it came in.</summary>
/// <param name="Spec">The job.</param>
/// <param name="IdempotencyKey">The header's value; null for none.</param>
/// <param name="BodyHash">SHA-256 (lower case hex) of the canonical body; needed with a key.</param>
/// <param name="Files">Staged files that came with the request, stored in the same step as the run; null for none. Those of a refused request are the sender's to discard.</param>
public sealed record SubmitRequest(
    JobSpec Spec,
    string? IdempotencyKey = null,
    string? BodyHash = null,
    IReadOnlyList<StagedFile>? Files = null)
{
    /// <summary>Gets the definition that the job was made from; null for none.</summary>
    public RunOrigin? Origin { get; init; }

    /// <summary>Gets whether this server made the job of one of its repository, so that it holds labels which nobody else may set.</summary>
    internal bool IsOfRepository { get; init; }
}

/// <summary>The answer of a submission.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Replayed">Whether the idempotency key answered with an earlier run.</param>
/// <param name="Prevented">Whether the definition's policy kept the run from starting; it is stored as ended.</param>
public sealed record Submission(long RunId, bool Replayed, bool Prevented = false);

/// <summary>What is different in the next run.</summary>
/// <param name="Submitter">Null keeps the old one.</param>
/// <param name="Parameters">Values that replace or add to the old ones (a name that was secret stays secret); null for none.</param>
/// <param name="IdempotencyKey">The header's value; null for none.</param>
public sealed record ResubmitOverrides(string? Submitter, IReadOnlyDictionary<string, string>? Parameters, string? IdempotencyKey = null)
{
    /// <summary>Hashes what is asked for, with the run that it is asked of. Not the hash of any submission, even where the texts are the same.</summary>
    internal string Hash(long sourceId)
    {
        var changes = CanonicalJobSpec.Hash(new JobSpec { Submitter = Submitter, Parameters = Parameters });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"resubmit {sourceId} {changes}"))));
    }

    /// <summary>Answers the job with the differences; its secrets must be in clear.</summary>
    public JobSpec ApplyTo(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var parameters = new Dictionary<string, string>(spec.Parameters ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        var secrets = new Dictionary<string, string>(spec.SecretParameters ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (name, value) in Parameters ?? new Dictionary<string, string>())
        {
            (secrets.ContainsKey(name) ? secrets : parameters)[name] = value;
        }

        return spec with
        {
            Submitter = Submitter ?? spec.Submitter,
            Parameters = parameters.Count > 0 ? parameters : null,
            SecretParameters = secrets.Count > 0 ? secrets : null,
        };
    }
}

/// <summary>A person's verdict on a run in doubt.</summary>
/// <param name="Verdict">What is true.</param>
/// <param name="BackendKeys">What finds the job, for <see cref="ResolutionVerdict.Adopt"/>.</param>
/// <param name="Reason">Why, for the timeline; required.</param>
public sealed record Resolution(ResolutionVerdict Verdict, IReadOnlyDictionary<string, string>? BackendKeys, string Reason);

/// <summary>See <see cref="Resolution"/>. On the wire <c>adopt</c>, <c>not_started</c>, <c>failed</c>.</summary>
public enum ResolutionVerdict
{
    /// <summary>The backend has it, under these keys: follow it.</summary>
    Adopt,

    /// <summary>The backend never had it: send it again.</summary>
    NotStarted,

    /// <summary>Give it up: the run ends <c>FAILED</c>.</summary>
    Failed,
}
