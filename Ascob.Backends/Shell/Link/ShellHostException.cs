namespace Ascob.Backends.Shell.Link;

/// <summary>The shell host cannot be asked.</summary>
internal sealed class ShellHostException : Exception
{
    public ShellHostException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>Gets whether the request may have arrived, so that only the answer is missing.</summary>
    public bool MayHaveArrived { get; init; }
}
