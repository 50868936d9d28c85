namespace Ascob.Server.Configuration;

/// <summary>The configuration is wrong. The message is one line that names the key and never shows a secret; the process ends with code 78.</summary>
internal sealed class ConfigurationException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The exit code (EX_CONFIG of sysexits.h).</summary>
    public const int ExitCode = 78;
}
