namespace Ascob.Core.Errors;

/// <summary>Ends a transaction that turns out to be refused after some of it was written: all of it is undone, and whoever asked for it answers with the error.</summary>
/// <param name="error">Why it is refused.</param>
public sealed class RefusedException(Error error) : Exception(error?.Message)
{
    /// <summary>Gets why it is refused.</summary>
    public Error Error { get; } = error ?? throw new ArgumentNullException(nameof(error));
}
