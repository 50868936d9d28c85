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
    /// Takes the output of an attempt over from the backend until its end, bounded by the output limit, and makes it the archive. Repeating it starts anew, so a crash in between
    /// costs nothing.
    /// </summary>
    Task ArchiveAsync(
        long runId, int attempt, OutputChannel channel, Func<long, CancellationToken, Task<OutputChunk>> read, CancellationToken cancellationToken);

    /// <summary>Drops everything of a run, all attempts.</summary>
    Task DeleteAsync(long runId, CancellationToken cancellationToken);
}
