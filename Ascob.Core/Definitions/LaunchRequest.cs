using System.Text.Json;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Core.Definitions;

/// <summary>A definition to be launched.</summary>
public sealed record LaunchRequest
{
    /// <summary>Gets the name of the definition; not needed where <see cref="Id"/> is given.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the number of the definition.</summary>
    public long? Id { get; init; }

    /// <summary>Gets the values of the parameters, a JSON object; null for none.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets the key that makes a repeated launch answer with the first one's run; null for none.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Gets what asks for it.</summary>
    public RunCause Cause { get; init; } = new(RunCause.Api);

    /// <summary>Gets variables for the environment of shell jobs, beside the parameters; null for none. Backends of other types do not get them.</summary>
    public IReadOnlyDictionary<string, string>? ExtraVariables { get; init; }

    /// <summary>Gets the user who owns the run; null for the template's.</summary>
    public string? Submitter { get; init; }

    /// <summary>Gets a template that is used this once in place of the definition's; null for the definition's.</summary>
    public JobSpec? JobSpec { get; init; }

    /// <summary>Gets whether <see cref="JobSpec"/> is what the definition's own source makes of it; everything else is an edited template.</summary>
    public bool IsOfSource { get; init; }
}

/// <summary>What became of a launch.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Replayed">Whether the idempotency key answered with an earlier run.</param>
/// <param name="Prevented">Whether the definition's policy kept it from starting: the run is stored as <c>ABORTED</c> with the reason.</param>
public sealed record Launch(long RunId, bool Replayed, bool Prevented);
