namespace Ascob.Backends.Jenkins;

/// <summary>An input file cannot be had now; nothing was sent.</summary>
internal sealed class JenkinsFileException(string message, Exception innerException) : Exception(message, innerException);
