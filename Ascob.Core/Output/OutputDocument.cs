namespace Ascob.Core.Output;

/// <summary>The output of a run, as a reader sees it. Dispose it after reading.</summary>
public sealed class OutputDocument : IAsyncDisposable
{
    private readonly Func<long, bool, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>>? _read;
    private readonly Func<CancellationToken, Task<long>>? _length;

    /// <summary>Initialises a document that is complete.</summary>
    /// <param name="archived">Seekable; its length is the document's.</param>
    public OutputDocument(Stream archived) => Archived = archived;

    /// <summary>Initialises a document that still grows.</summary>
    /// <param name="read">Reads from an offset; with <c>true</c> it goes on until the run is final.</param>
    /// <param name="length">Answers how long it is now.</param>
    public OutputDocument(Func<long, bool, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> read, Func<CancellationToken, Task<long>> length)
    {
        _read = read;
        _length = length;
    }

    /// <summary>Gets the complete document; null while it still grows.</summary>
    public Stream? Archived { get; }

    /// <summary>
    /// Reads a growing document from an offset: what is there now, or with <paramref name="follow"/> until the run is final and all was read.
    /// </summary>
    /// <exception cref="InvalidOperationException">The document is archived.</exception>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long offset, bool follow, CancellationToken cancellationToken) =>
        _read?.Invoke(offset, follow, cancellationToken) ?? throw new InvalidOperationException("The document is archived; read the stream.");

    /// <summary>Answers how long the document is now, without reading it.</summary>
    public Task<long> LengthAsync(CancellationToken cancellationToken) => _length?.Invoke(cancellationToken) ?? Task.FromResult(Archived?.Length ?? 0);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Archived?.DisposeAsync() ?? ValueTask.CompletedTask;
}
