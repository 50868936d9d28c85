namespace Ascob.Core.Definitions;

/// <summary>A job that is defined once and launched by name. A snapshot of one version.</summary>
public sealed record Definition
{
    /// <summary>Gets the number; stays the same when the definition is renamed, and is never given twice.</summary>
    public required long Id { get; init; }

    /// <summary>Gets the name, which no other definition has.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the version, from 1; every save that changes something makes the next one.</summary>
    public required int Version { get; init; }

    /// <summary>Gets what that version says; constant secret values are masked.</summary>
    public required DefinitionContent Content { get; init; }

    /// <summary>Gets the encrypted constant secret values of the template; null where there are none.</summary>
    public string? ProtectedSecrets { get; init; }

    /// <summary>Gets whether schedules pass it over. It can be launched by hand and over the API all the same.</summary>
    public bool Suspended { get; init; }

    /// <summary>Gets where it comes from: null where it was made over the API, <c>git</c> where a repository has it and the API may not change it.</summary>
    public string? Source { get; init; }

    /// <summary>Gets when it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets who made it.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Gets when this version was saved.</summary>
    public required DateTimeOffset SavedAt { get; init; }

    /// <summary>Gets who saved this version.</summary>
    public string? SavedBy { get; init; }

    /// <summary>Gets the failed run that somebody acknowledged last; null for none.</summary>
    public Acknowledgement? Acknowledged { get; init; }
}

/// <summary>What lists of other things show of a definition.</summary>
/// <param name="Id">The number.</param>
/// <param name="Name">The name.</param>
/// <param name="Suspended">See <see cref="Definition.Suspended"/>.</param>
/// <param name="Submitter">See <see cref="DefinitionContent.FixedSubmitter"/>.</param>
public sealed record DefinitionHead(long Id, string Name, bool Suspended, string? Submitter);

/// <summary>Somebody knows of a failure.</summary>
/// <param name="RunId">The failed run.</param>
/// <param name="Actor">Who.</param>
/// <param name="At">When.</param>
/// <param name="Reason">What they had to say; null for nothing.</param>
public sealed record Acknowledgement(long RunId, string Actor, DateTimeOffset At, string? Reason);
