namespace Ascob.Core.Output;

/// <summary>Which output of a job.</summary>
public enum OutputChannel
{
    /// <summary>Both, in the order in which they came.</summary>
    Combined,

    /// <summary>Standard output alone.</summary>
    Stdout,

    /// <summary>Standard error alone.</summary>
    Stderr,
}

/// <summary>A piece of output.</summary>
/// <param name="Data">The bytes; may be empty.</param>
/// <param name="NextOffset">Where the next piece starts, in the backend's counting.</param>
/// <param name="Complete">No more will come.</param>
/// <param name="Dropped">How many bytes before <paramref name="Data"/> the backend no longer has (output over its limit).</param>
public sealed record OutputChunk(ReadOnlyMemory<byte> Data, long NextOffset, bool Complete, long Dropped = 0);
