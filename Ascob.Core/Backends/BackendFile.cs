using Ascob.Core.Errors;

namespace Ascob.Core.Backends;

/// <summary>An input file of a job. Its bytes may lie elsewhere, so an adapter asks for them when it needs them: as a stream, or as a file of this machine.</summary>
public sealed class BackendFile
{
    private readonly Func<CancellationToken, Task<Stream?>> _open;
    private readonly Func<CancellationToken, Task<string>> _locate;

    /// <summary>Initialises a file.</summary>
    /// <param name="name">The name given at upload.</param>
    /// <param name="size">In bytes.</param>
    /// <param name="open">Opens it; null where it is gone.</param>
    /// <param name="locate">Brings it to this machine and answers its path.</param>
    public BackendFile(string name, long size, Func<CancellationToken, Task<Stream?>> open, Func<CancellationToken, Task<string>> locate)
    {
        Name = name;
        Size = size;
        _open = open;
        _locate = locate;
    }

    /// <summary>Gets the name given at upload; data, never part of a path.</summary>
    public string Name { get; }

    /// <summary>Gets the size in bytes.</summary>
    public long Size { get; }

    /// <summary>Makes one that lies on this machine.</summary>
    public static BackendFile OnDisk(string name, string path, long size) => new(
        name,
        size,
        _ => Task.FromResult<Stream?>(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.Asynchronous | FileOptions.SequentialScan)),
        _ => Task.FromResult(path));

    /// <summary>Opens it from its beginning, with seek and a length; each call anew.</summary>
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    /// <exception cref="IOException">It cannot be had now.</exception>
    public async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _open(cancellationToken).ConfigureAwait(false) ?? throw new FileNotFoundException($"The content of the input file '{Name}' is gone.");
        }
        catch (StoreUnavailableException e)
        {
            throw new IOException($"The input file '{Name}' cannot be read now: {e.Message}", e);
        }
    }

    /// <summary>Answers the path at which it lies on this machine; it is there for ten minutes at least, and is only to be read.</summary>
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    /// <exception cref="IOException">It cannot be had now.</exception>
    public async Task<string> LocateAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _locate(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            throw new IOException($"The input file '{Name}' cannot be read now: {e.Message}", e);
        }
    }
}
