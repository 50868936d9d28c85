namespace Ascob.Core.Output;

/// <summary>How much of a stream is kept: its beginning and its end.</summary>
/// <param name="HeadBytes">How many bytes of the beginning are kept.</param>
/// <param name="TailBytes">How many bytes of the end are kept at most; a sixteenth less at least, because whole segments are dropped.</param>
public sealed record CappedLogLimits(long HeadBytes, long TailBytes)
{
    private const long DefaultMaxBytes = 10L * 1024 * 1024;

    /// <summary>Gets the usual limit: the first 1 MiB and the last 9 MiB.</summary>
    public static CappedLogLimits Default { get; } = FromTotal(DefaultMaxBytes);

    /// <summary>Gets the most bytes that are kept; a stream up to this size is kept whole.</summary>
    public long TotalBytes => HeadBytes + TailBytes;

    /// <summary>Gets the size of the pieces in which the end is kept and dropped.</summary>
    public long SegmentBytes => Math.Max(1, TailBytes / 16);

    /// <summary>Splits a limit into a tenth for the beginning and the rest for the end.</summary>
    /// <param name="maxBytes">The most bytes to keep, at least 16.</param>
    public static CappedLogLimits FromTotal(long maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 16);
        var head = maxBytes / 10;
        return new CappedLogLimits(head, maxBytes - head);
    }

    /// <summary>The line that stands in a document where bytes are missing.</summary>
    /// <param name="droppedBytes">How many are missing.</param>
    public string DroppedLine(long droppedBytes) => $"\n[ascob: {droppedBytes} bytes of output dropped here; limit {TotalBytes} bytes]\n";
}
