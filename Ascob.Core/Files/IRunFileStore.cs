using Ascob.Core.Errors;
using Ascob.Core.Runs;

namespace Ascob.Core.Files;

/// <summary>
/// The input files of runs. The given name is data: contents lie under generated names. A content is staged first: stored, but of no run. It becomes a file by the transaction that
/// stores its row (<see cref="AttachAsync"/>, <see cref="IRunStore.AddAsync"/>); what never gets there is discarded, or swept after a crash.
/// </summary>
public interface IRunFileStore
{
    /// <summary>
    /// Streams a content in and stores it for good. Over the limit: <see cref="ErrorKind.TooLarge"/>, nothing left behind. Whoever stages a content settles it
    /// (<see cref="SettleAsync"/>) or discards it (<see cref="DiscardAsync"/>).
    /// </summary>
    Task<Result<StagedFile>> StageAsync(string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Notes that the rows of these contents were stored.</summary>
    /// <param name="files">Contents of <see cref="StageAsync"/>.</param>
    /// <param name="isCertain">False where the answer of the commit was lost: then the sweep finds out.</param>
    Task SettleAsync(IReadOnlyCollection<StagedFile> files, bool isCertain = true);

    /// <summary>Deletes those of these contents that were not settled.</summary>
    Task DiscardAsync(IReadOnlyCollection<StagedFile> files);

    /// <summary>
    /// Gives a staged content to a run in <see cref="RunStatus.Defined"/> and replaces its file of the same name. The status is looked at in the same transaction: a conflict,
    /// with the content discarded, where the run has left it.
    /// </summary>
    Task<Result<RunFile>> AttachAsync(long runId, StagedFile file, CancellationToken cancellationToken);

    /// <summary>Lists the files of a run, by name.</summary>
    Task<IReadOnlyList<RunFile>> ListAsync(long runId, CancellationToken cancellationToken);

    /// <summary>Opens a file; null where there is none of that name.</summary>
    Task<Stream?> OpenAsync(long runId, string name, CancellationToken cancellationToken);

    /// <summary>Answers the path of a file on this machine, where it is brought first if it lies elsewhere. It stays there for ten minutes at least.</summary>
    /// <exception cref="FileNotFoundException">There is none of that name, or its content is gone.</exception>
    Task<string> LocateAsync(long runId, string name, CancellationToken cancellationToken);

    /// <summary>Drops the files of a run that no other run shares.</summary>
    Task DeleteAsync(long runId, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes contents that a crash left staged and that belong to no run, and answers how many. A content goes when two sweeps in a row found no row of it, so that a commit under way
    /// is never overtaken.
    /// </summary>
    Task<int> SweepAsync(CancellationToken cancellationToken);
}

/// <summary>An input file.</summary>
/// <param name="Name">As given.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Lower case hex.</param>
public sealed record RunFile(string Name, long Size, string Sha256);

/// <summary>A stored content that belongs to no run yet.</summary>
/// <param name="Name">As given.</param>
/// <param name="StoredName">The generated name.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Lower case hex.</param>
public sealed record StagedFile(string Name, string StoredName, long Size, string Sha256);
