namespace Ascob.Core.Output;

/// <summary>
/// The output of jobs that run at one server's place (<see cref="Backends.IBackendAdapter.Place"/>), published where all servers can read it while the job runs. Bounded like every other
/// output. It stays until the archive takes its place, and where the place is gone for good it is all there is.
/// </summary>
public interface IPublishedOutput
{
    /// <summary>Gets whether there may be other servers. Where there are none, nothing is published and nothing is read here.</summary>
    bool IsShared { get; }

    /// <summary>
    /// Appends pieces of many jobs, at most one of each stream, and answers for each whether it was stored. It is where the stream ends at <see cref="PublishedPiece.Known"/> and has no archive
    /// yet: so a piece never comes twice, whatever became of an earlier answer.
    /// </summary>
    Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<PublishedPiece> pieces, CancellationToken cancellationToken);

    /// <summary>Reads on from an offset; <see cref="OutputChunk.Complete"/> says nothing here.</summary>
    Task<OutputChunk> ReadAsync(long runId, int attempt, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken);

    /// <summary>Answers how far the offsets of a stream reach; zero where nothing is published.</summary>
    Task<long> LengthAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken);
}

/// <summary>A piece of the output of a running job.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="Channel">The stream.</param>
/// <param name="Known">Where the stream ends before it.</param>
/// <param name="Offset">Where the piece begins: later than that where the backend has dropped bytes.</param>
/// <param name="Data">Its bytes.</param>
public sealed record PublishedPiece(long RunId, int Attempt, OutputChannel Channel, long Known, long Offset, ReadOnlyMemory<byte> Data)
{
    /// <summary>Gets where the next piece begins.</summary>
    public long End => Offset + Data.Length;
}
