namespace Ascob.Core.Jobs;

/// <summary>A named claim of a run.</summary>
/// <param name="Key">The lock's name: case-sensitive, 1 to 200 characters.</param>
/// <param name="Mode">Whether others may hold it at the same time.</param>
/// <param name="Policy">What happens when it is taken.</param>
public sealed record LockSpec(string Key, LockMode Mode = LockMode.Exclusive, LockPolicy Policy = LockPolicy.Wait);

/// <summary>Whether a lock has one holder or many. On the wire in lower case.</summary>
public enum LockMode
{
    /// <summary>One holder.</summary>
    Exclusive,

    /// <summary>Many shared holders, but no exclusive one beside them.</summary>
    Shared,
}

/// <summary>What a run does when a lock is taken. On the wire in lower case.</summary>
public enum LockPolicy
{
    /// <summary>Waits in line, first come first served.</summary>
    Wait,

    /// <summary>Ends <c>FAILED</c>.</summary>
    Fail,

    /// <summary>Ends <c>ABORTED</c>.</summary>
    Skip,
}
