namespace Ascob.Core.Client;

/// <summary>
/// The body of requests that have nothing to say. .NET sends a POST without a body a second time by itself when the connection breaks; one with a body it does not,
/// so that of two starts never one is our own echo.
/// </summary>
public sealed record EmptyRequest
{
    /// <summary>Gets the one value.</summary>
    public static EmptyRequest Instance { get; } = new();
}
