namespace Ascob.Server.Cli;

/// <summary>Ends a verb with one line on stderr and an exit code.</summary>
internal sealed class CliException(int exitCode, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public int ExitCode { get; } = exitCode;
}
