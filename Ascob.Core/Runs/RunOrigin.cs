namespace Ascob.Core.Runs;

/// <summary>The definition that a run was launched from, and why.</summary>
/// <param name="DefinitionId">The definition's number.</param>
/// <param name="DefinitionName">Its name at that time.</param>
/// <param name="DefinitionVersion">Its version at that time; the run keeps what that version said.</param>
/// <param name="Cause">What asked for it.</param>
public sealed record RunOrigin(long DefinitionId, string DefinitionName, int DefinitionVersion, RunCause Cause)
{
    /// <summary>The code of the refusal where <see cref="MustBePresent"/> does not hold; a launch then begins anew.</summary>
    public const string ChangedCode = "definition.changed";

    /// <summary>Gets what keeps the run from starting.</summary>
    public LaunchPolicy Policy { get; init; } = LaunchPolicy.Always;

    /// <summary>Gets whether the version must still be the present one when the run is stored.</summary>
    public bool MustBePresent { get; init; }
}

/// <summary>What keeps runs of a definition from starting.</summary>
/// <param name="NotWhileWorking">Whether a run of the definition that is under way does.</param>
/// <param name="NotWhileError">Whether the definition's newest failure does, until it is acknowledged or made good.</param>
public sealed record LaunchPolicy(bool NotWhileWorking, bool NotWhileError)
{
    /// <summary>Gets the policy by which nothing does.</summary>
    public static LaunchPolicy Always { get; } = new(false, false);
}

/// <summary>Knows the policies of definitions, for whoever stores runs of them without having read the definition.</summary>
public interface ILaunchPolicies
{
    /// <summary>Answers the present policy of a definition; null where it is gone.</summary>
    Task<LaunchPolicy?> FindAsync(long definitionId, CancellationToken cancellationToken);
}

/// <summary>
/// What the store looks at in the transaction that stores a run of a definition: the definition must be there, and nothing may stand in the way. Launches of one definition wait for each other.
/// </summary>
/// <param name="DefinitionId">The definition.</param>
/// <param name="Policy">What stands in the way.</param>
/// <param name="Prevented">Makes what is stored where something does.</param>
public sealed record LaunchGuard(long DefinitionId, LaunchPolicy Policy, Func<LaunchHindrance, NewRun> Prevented)
{
    /// <summary>Gets the first run of the chain that a resubmission goes on with: a failure of that chain does not stand in its way, for it may make it good. Null for a launch.</summary>
    public long? Chain { get; init; }

    /// <summary>Gets the version that must be the definition's present one, so that nothing is launched by what it said before; null for whichever.</summary>
    public int? DefinitionVersion { get; init; }
}

/// <summary>What stands in the way of a launch.</summary>
/// <param name="RunId">The run at fault.</param>
/// <param name="Status">Where it stands: <c>FAILED</c>, or not final.</param>
public sealed record LaunchHindrance(long RunId, RunStatus Status)
{
    /// <summary>How every reason of a prevented run begins.</summary>
    public const string Prefix = "prevented: ";

    /// <summary>Gets the reason, for people.</summary>
    public string Reason => Status == RunStatus.Failed
        ? $"{Prefix}run {RunId} of this definition has failed, and nobody has acknowledged it"
        : $"{Prefix}run {RunId} of this definition is {Status.ToWire()}";
}
