namespace Ascob.Core.Output;

/// <summary>
/// The output that jobs report by callback, for backends that have none of their own. It is bounded like every other output, kept until its run is deleted
/// (<see cref="IOutputStore.DeleteAsync"/>), and survives restarts.
/// </summary>
public interface IReportedOutput
{
    /// <summary>
    /// Appends a piece. With an offset, what is there already is not stored twice and a piece beyond the end is refused; without one it goes to the end, whatever came before.
    /// </summary>
    /// <param name="runId">The run.</param>
    /// <param name="attempt">The attempt whose job reports.</param>
    /// <param name="offset">Where the piece begins among all bytes that the job has reported; null for the end.</param>
    /// <param name="bytes">The piece.</param>
    /// <param name="cancellationToken">Ends the wait; what was begun is stored or not stored as a whole.</param>
    Task<ReportedPiece> AppendAsync(long runId, int attempt, long? offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Reads on from an offset; <see cref="OutputChunk.Complete"/> says nothing here, since the job may report more.</summary>
    Task<OutputChunk> ReadAsync(long runId, int attempt, long offset, int maxBytes, CancellationToken cancellationToken);

    /// <summary>Answers how many bytes the job has reported, dropped ones included.</summary>
    Task<long> LengthAsync(long runId, int attempt, CancellationToken cancellationToken);
}

/// <summary>What became of a piece of reported output.</summary>
/// <param name="Length">How many bytes there are now: where the next piece begins.</param>
/// <param name="Added">How many bytes of the piece were new.</param>
/// <param name="IsBeyondEnd">Bytes before the piece are missing, so nothing of it was stored.</param>
public readonly record struct ReportedPiece(long Length, int Added, bool IsBeyondEnd = false);
