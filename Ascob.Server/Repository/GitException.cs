namespace Ascob.Server.Repository;

/// <summary>The repository cannot be reached or read now; the message says why and holds no secret.</summary>
internal class GitException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A commit is such that its files are never put on this machine's disk.</summary>
internal sealed class CommitRefusedException(string message) : GitException(message);
