namespace Ascob.Core.Kuroko2;

/// <summary>What is wrong with one line of a script.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
public sealed record ScriptFault(int Line, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"line {Line}: {Message}";
}
