namespace Ascob.Core.Errors;

/// <summary>The store cannot take or answer this now: it is away, full or locked. Nothing was stored by the call, as far as is known.</summary>
public sealed class StoreUnavailableException : Exception
{
    /// <summary>Initialises the exception.</summary>
    public StoreUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Initialises the exception.</summary>
    public StoreUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Initialises the exception.</summary>
    public StoreUnavailableException()
        : base("The store is not available.")
    {
    }

    /// <summary>Gets whether the commit may have happened although no answer came: then the caller must read before it repeats.</summary>
    public bool OutcomeUnknown { get; init; }
}
