namespace Ascob.Core.Kuroko2;

/// <summary>The events of their own that programs of scripts create while they run.</summary>
public static class ScriptEvents
{
    /// <summary>A command has failed and was skipped because of <c>auto_skip_error</c>; the cause of the event says which and how.</summary>
    public const string SkippedFailure = "auto_skip_error";

    /// <summary>The variable in which a program finds the command that creates an event, as text for a shell.</summary>
    public const string CommandVariable = "ASCOB_EVENT";
}
