using System.Data.Common;
using System.Globalization;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Output;

/// <summary>Makes documents the archive of an attempt, in place of whatever was there and of what was published. The same again does the same, so it may be repeated blindly.</summary>
internal sealed class ArchiveOutput(OutputSql sql, IContents contents, long runId, int attempt, IReadOnlyList<ArchivedDocument> documents) : WriteOperation<bool>, IBatchedOperation
{
    public void AddTo(DbBatch batch)
    {
        var args = sql.Archive.AddTo(batch).Long("id", runId).Int("attempt", attempt);
        for (var i = 0; i < OutputSql.MostDocuments; i++)
        {
            var document = i < documents.Count ? documents[i] : null;
            args.Int(Name("channels", i), document?.Channels)
                .Long(Name("size", i), document?.Size)
                .Text(Name("content", i), document?.ContentId)
                .Bytes(Name("data", i), document?.Data);
        }
    }

    public ValueTask ReadAsync(DbDataReader reader)
    {
        Result = true;
        return ValueTask.CompletedTask;
    }

    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken)
    {
        Result = true;
        var find = session.Command(sql.ContentsOfAttempt);
        find.Args.Long("id", runId).Int("attempt", attempt);
        foreach (var replaced in (await find.ListAsync(row => row.GetString(0), cancellationToken)).Except(documents.Select(d => d.ContentId), StringComparer.Ordinal))
        {
            await contents.MarkAsync(session, replaced!, cancellationToken);
        }

        foreach (var statement in (SqlStatement[])[sql.DeletePieces, sql.DeleteAttempt])
        {
            var delete = session.Command(statement);
            delete.Args.Long("id", runId).Int("attempt", attempt);
            await delete.ExecuteAsync(cancellationToken);
        }

        var insert = session.Command(sql.Insert);
        foreach (var document in documents)
        {
            insert.Args.Long("id", runId)
                .Int("attempt", attempt)
                .Int("channels", document.Channels)
                .Long("size", document.Size)
                .Text("content", document.ContentId)
                .Bytes("data", document.Data);
            await insert.ExecuteAsync(cancellationToken);
        }
    }

    private static string Name(string name, int number) => string.Create(CultureInfo.InvariantCulture, $"{name}{number}");
}

/// <summary>A document on its way into the database: its bytes, or the content that they are.</summary>
/// <param name="Channels">The streams whose document it is.</param>
/// <param name="Size">In bytes.</param>
/// <param name="ContentId">The content; null where the bytes are few.</param>
/// <param name="Data">The bytes; null where they are a content.</param>
internal sealed record ArchivedDocument(int Channels, long Size, string? ContentId, byte[]? Data);
