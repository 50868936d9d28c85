using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Contents;

/// <summary>
/// Bytes under generated names. A content carries a mark while it may belong to nothing; the mark is there before its first byte and goes when a row that names the content is stored. So a crash
/// leaves nothing that cannot be told from a content in use, and nothing without a mark is ever swept.
/// </summary>
internal interface IContents
{
    /// <summary>Takes a content in, marked and in hand; null where it is too large, and then nothing is left.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be stored now.</exception>
    Task<StagedFile?> StageAsync(string name, Stream content, long maxBytes, CancellationToken cancellationToken);

    /// <summary>Lets go of a content and takes its mark off: it is in use. Uncertain: the mark stays, and the sweep decides.</summary>
    Task SettleAsync(string storedName, bool isCertain);

    /// <summary>Deletes a content that is still in hand. What cannot be deleted now keeps its mark.</summary>
    Task DiscardAsync(string storedName);

    /// <summary>Marks a content whose row goes in this transaction: should nobody come to delete it, the sweep does.</summary>
    Task MarkAsync(DbSession session, string storedName, CancellationToken cancellationToken);

    /// <summary>Takes the mark off a content that turned out to be in use.</summary>
    Task UnmarkAsync(string storedName);

    /// <summary>Deletes a content and its mark. What cannot be deleted now keeps its mark.</summary>
    Task DeleteAsync(string storedName);

    /// <summary>Answers the contents with a mark that nobody has in hand.</summary>
    Task<IReadOnlyList<string>> AbandonedAsync(CancellationToken cancellationToken);

    /// <summary>Opens a content for reading with seek; null where it is gone.</summary>
    Task<Stream?> OpenAsync(string storedName, long size, CancellationToken cancellationToken);

    /// <summary>Answers the path of a content on this machine, where it is brought first if it lies elsewhere.</summary>
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    Task<string> LocateAsync(StagedFile content, CancellationToken cancellationToken);
}
