using Ascob.Core.Errors;

namespace Ascob.Core.Files;

/// <summary>The input files of runs. The given name is data: files lie under generated names. A resubmitted run shares the files of its root.</summary>
public interface IRunFileStore
{
    /// <summary>
    /// Streams a file in: temporary name, fsync, rename, then the row. Replaces a file of the same name. Over the limit: <see cref="ErrorKind.TooLarge"/>, nothing left behind.
    /// </summary>
    Task<Result<RunFile>> SaveAsync(long runId, string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Lists the files of a run, by name; with those of its root where it is a resubmission.</summary>
    Task<IReadOnlyList<RunFile>> ListAsync(long runId, CancellationToken cancellationToken);

    /// <summary>Opens a file; null where there is none of that name.</summary>
    Task<Stream?> OpenAsync(long runId, string name, CancellationToken cancellationToken);

    /// <summary>Makes the files of one run visible in another.</summary>
    Task ShareAsync(long fromRunId, long toRunId, CancellationToken cancellationToken);

    /// <summary>Drops the files of a run that no other run shares.</summary>
    Task DeleteAsync(long runId, CancellationToken cancellationToken);
}

/// <summary>An input file.</summary>
/// <param name="Name">As given.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Lower case hex.</param>
/// <param name="Path">Where it lies on this server.</param>
public sealed record RunFile(string Name, long Size, string Sha256, string Path);
