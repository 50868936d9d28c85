namespace Ascob.Server.Repository;

/// <summary>The repository cannot be reached or read now; the message says why and holds no secret.</summary>
internal sealed class GitException(string message, Exception? inner = null) : Exception(message, inner);
