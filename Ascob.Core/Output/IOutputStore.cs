namespace Ascob.Core.Output;

/// <summary>
/// The kept output of runs. A document is what people read: the bytes of a stream, with one marker line where bytes over the limit were dropped. Its offsets
/// are stable once it is archived.
/// </summary>
public interface IOutputStore
{
    /// <summary>Opens an archived document for reading with seek; null where the attempt has none of this stream.</summary>
    Task<Stream?> OpenAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the output of an attempt over from the backend until its end, bounded by the output limit, and makes it the archive; an empty stream has no document. What was published of the
    /// attempt (<see cref="IPublishedOutput"/>) goes. Repeating it starts anew, so a crash in between costs nothing.
    /// </summary>
    /// <param name="runId">The run.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="channels">The streams that the backend tells apart.</param>
    /// <param name="read">Reads on in a stream from an offset of the backend's own counting.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    Task ArchiveAsync(
        long runId,
        int attempt,
        IReadOnlyList<OutputChannel> channels,
        Func<OutputChannel, long, CancellationToken, Task<OutputChunk>> read,
        CancellationToken cancellationToken);

    /// <summary>Drops everything of a run, all attempts, with what its jobs reported and what was published of them.</summary>
    Task DeleteAsync(long runId, CancellationToken cancellationToken);
}
