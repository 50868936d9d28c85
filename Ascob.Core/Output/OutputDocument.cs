namespace Ascob.Core.Output;

/// <summary>The output of a run, as a reader sees it. Dispose it after reading.</summary>
public sealed class OutputDocument : IAsyncDisposable
{
    private readonly Func<long, bool, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>>? _read;

    /// <summary>Initialises a document that is complete.</summary>
    /// <param name="archived">Seekable; its length is the document's.</param>
    public OutputDocument(Stream archived) => Archived = archived;

    /// <summary>Initialises a document that still grows.</summary>
    /// <param name="read">Reads from an offset; with <c>true</c> it goes on until the run is final.</param>
    public OutputDocument(Func<long, bool, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> read) => _read = read;

    /// <summary>Gets the complete document; null while it still grows.</summary>
    public Stream? Archived { get; }

    /// <summary>
    /// Reads a growing document from an offset: what is there now, or with <paramref name="follow"/> until the run is final and all was read.
    /// </summary>
    /// <exception cref="InvalidOperationException">The document is archived.</exception>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long offset, bool follow, CancellationToken cancellationToken) =>
        _read?.Invoke(offset, follow, cancellationToken) ?? throw new InvalidOperationException("The document is archived; read the stream.");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Archived?.DisposeAsync() ?? ValueTask.CompletedTask;
}
