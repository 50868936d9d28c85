namespace Ascob.Core.Definitions;

/// <summary>What keeps a definition from being launched again. On the wire <c>always</c>, <c>not_while_working_or_error</c>, <c>not_while_working</c>, <c>not_while_error</c>.</summary>
public enum NextExecution
{
    /// <summary>Nothing does.</summary>
    Always,

    /// <summary>A run of it that is not final, or its newest failure until that is acknowledged or made good.</summary>
    NotWhileWorkingOrError,

    /// <summary>A run of it that is not final.</summary>
    NotWhileWorking,

    /// <summary>Its newest failure, until that is acknowledged or a resubmission of it has succeeded.</summary>
    NotWhileError,
}
