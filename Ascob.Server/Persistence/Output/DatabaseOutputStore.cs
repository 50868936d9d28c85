using System.Globalization;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Output;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Output;

/// <summary>
/// Keeps the output of ended runs in the database of the runs, where every server has it. Small documents, which are the many, are one command in the group-commit writer for all streams of an
/// attempt; a large one is a content first, and becomes the archive by one row.
/// </summary>
internal sealed class DatabaseOutputStore(Database database, IStoreWriter writer, OutputSql sql, IContents contents, CappedLogLimits limits, string workDirectory) : IOutputStore
{
    /// <summary>The most bytes of a document that lies in its row.</summary>
    public const int SmallBytes = 64 * 1024;

    public async Task<Stream?> OpenAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken)
    {
        var found = await database.ReadAsync(
            session =>
            {
                var find = session.Command(sql.Find);
                find.Args.Long("id", runId).Int("attempt", attempt).Int("channel", ChannelBits.Of(channel));
                return find.FirstAsync(
                    row => new ArchivedDocument(0, row.GetInt64(0), row.IsDBNull(1) ? null : row.GetString(1), row.IsDBNull(2) ? null : row.GetFieldValue<byte[]>(2)), cancellationToken);
            },
            cancellationToken);
        return found switch
        {
            null => null,
            { Data: { } bytes } => new MemoryStream(bytes, writable: false),
            _ => await contents.OpenAsync(found.ContentId!, found.Size, cancellationToken),
        };
    }

    public async Task ArchiveAsync(
        long runId,
        int attempt,
        IReadOnlyList<OutputChannel> channels,
        Func<OutputChannel, long, CancellationToken, Task<OutputChunk>> read,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channels);
        var documents = new List<ArchivedDocument>(OutputSql.MostDocuments);
        var isStored = false;
        try
        {
            foreach (var channel in channels)
            {
                await AddAsync(documents, channel, (offset, ct) => read(channel, offset, ct), cancellationToken);
            }

            // Quiet jobs are the many, and nothing was published of them either.
            if (documents.Count > 0)
            {
                await writer.WriteAsync(new ArchiveOutput(sql, contents, runId, attempt, documents), CancellationToken.None);
                isStored = true;
            }
        }
        catch (StoreUnavailableException e) when (e.OutcomeUnknown)
        {
            await SettleAsync(documents, isCertain: false);
            throw;
        }
        finally
        {
            foreach (var id in isStored ? [] : documents.Select(d => d.ContentId).OfType<string>())
            {
                await contents.DiscardAsync(id);
            }
        }

        await SettleAsync(documents, isCertain: true);
    }

    public async Task DeleteAsync(long runId, CancellationToken cancellationToken)
    {
        var large = await writer.WriteAsync(
            new DelegateOperation<List<string>>(async (session, stop) =>
            {
                var find = session.Command(sql.ContentsOfRun);
                find.Args.Long("id", runId);
                var ids = await find.ListAsync(row => row.GetString(0), stop);
                foreach (var id in ids)
                {
                    await contents.MarkAsync(session, id, stop);
                }

                foreach (var statement in (SqlStatement[])[sql.DeleteRun, sql.DeletePiecesOfRun])
                {
                    var delete = session.Command(statement);
                    delete.Args.Long("id", runId);
                    await delete.ExecuteAsync(stop);
                }

                return ids;
            }),
            cancellationToken);
        foreach (var id in large)
        {
            await contents.DeleteAsync(id);
        }
    }

    private async Task AddAsync(List<ArchivedDocument> documents, OutputChannel channel, Func<long, CancellationToken, Task<OutputChunk>> read, CancellationToken cancellationToken)
    {
        var bit = ChannelBits.Of(channel);
        var first = await read(0, cancellationToken);
        if (first is not { Complete: true, Dropped: 0 } || first.Data.Length > Math.Min(SmallBytes, limits.TotalBytes))
        {
            var staged = await StageAsync(first, read, cancellationToken);
            documents.Add(new ArchivedDocument(bit, staged.Size, staged.StoredName, null));
        }
        else if (first.Data.Length > 0 && documents.FindIndex(d => d.Data is { } same && first.Data.Span.SequenceEqual(same)) is var twin and >= 0)
        {
            documents[twin] = documents[twin] with { Channels = documents[twin].Channels | bit };
        }
        else if (first.Data.Length > 0)
        {
            documents.Add(new ArchivedDocument(bit, first.Data.Length, null, first.Data.ToArray()));
        }
    }

    // Its end is known only at the end: it is made on this disk first, where neither memory nor anybody else's room is taken.
    private async Task<StagedFile> StageAsync(OutputChunk first, Func<long, CancellationToken, Task<OutputChunk>> read, CancellationToken cancellationToken)
    {
        string path;
        try
        {
            path = Path.Combine(PrivateDirectory.Create(workDirectory).FullName, string.Create(CultureInfo.InvariantCulture, $"{Guid.NewGuid():N}.tmp"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException("The output cannot be kept now.", e);
        }

        try
        {
            await CappedDocumentWriter.WriteAsync(path, limits, first, read, cancellationToken);
            await using var document = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
            return (await contents.StageAsync(Path.GetFileName(path), document, long.MaxValue, cancellationToken))!;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task SettleAsync(List<ArchivedDocument> documents, bool isCertain)
    {
        foreach (var id in documents.Select(d => d.ContentId).OfType<string>())
        {
            await contents.SettleAsync(id, isCertain);
        }
    }
}
