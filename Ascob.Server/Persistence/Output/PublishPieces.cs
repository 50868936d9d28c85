using System.Data.Common;
using System.Globalization;
using Ascob.Core.Output;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Output;

/// <summary>Publishes pieces of many jobs in one command; answers for each whether it was stored. One that was stored before is not stored again.</summary>
internal sealed class PublishPieces(OutputSql sql, IReadOnlyList<PublishedPiece> pieces) : WriteOperation<bool[]>, IBatchedOperation
{
    public void AddTo(DbBatch batch)
    {
        if (sql.Dialect.Provider == DatabaseProvider.PostgreSql)
        {
            var arrays = new PostgreSqlArrays(sql.PublishArrays());
            foreach (var piece in pieces)
            {
                Bind(arrays.NextRow(), piece, string.Empty);
            }

            arrays.AddTo(batch);
            return;
        }

        var args = sql.Publish(OutputSql.SizeFor(pieces.Count)).AddTo(batch);
        for (var i = 0; i < OutputSql.SizeFor(pieces.Count); i++)
        {
            var number = i.ToString(CultureInfo.InvariantCulture);
            if (i < pieces.Count)
            {
                Bind(args, pieces[i], number);
            }
            else
            {
                BindNothing(args, number);
            }
        }
    }

    public async ValueTask ReadAsync(DbDataReader reader)
    {
        var stored = new HashSet<(long, int, int)>();
        while (await reader.ReadAsync())
        {
            stored.Add((reader.GetInt64(0), reader.GetInt32(1), reader.GetInt32(2)));
        }

        Result = [.. pieces.Select(p => stored.Contains((p.RunId, p.Attempt, ChannelBits.Of(p.Channel))))];
    }

    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken)
    {
        Result = new bool[pieces.Count];
        for (var i = 0; i < pieces.Count; i++)
        {
            var piece = pieces[i];
            var length = session.Command(sql.Length);
            length.Args.Long("id", piece.RunId).Int("attempt", piece.Attempt).Int("channel", ChannelBits.Of(piece.Channel)).Int("limit", 1);
            if (await length.FirstAsync(row => row.GetInt64(0), cancellationToken) != piece.Known)
            {
                continue;
            }

            var archived = session.Command(sql.HasArchive);
            archived.Args.Long("id", piece.RunId).Int("attempt", piece.Attempt);
            if (piece.Known == 0 && await archived.FirstAsync(_ => true, cancellationToken))
            {
                continue;
            }

            var insert = session.Command(sql.InsertPiece);
            Bind(insert.Args, piece, string.Empty);
            await insert.ExecuteAsync(cancellationToken);
            Result[i] = true;
        }
    }

    private static void Bind(SqlArgs args, PublishedPiece piece, string number) => args
        .Long($"id{number}", piece.RunId)
        .Int($"attempt{number}", piece.Attempt)
        .Int($"channel{number}", ChannelBits.Of(piece.Channel))
        .Long($"known{number}", piece.Known)
        .Long($"from_byte{number}", piece.Offset)
        .Long($"to_byte{number}", piece.End)
        .Bytes($"data{number}", piece.Data.ToArray());

    // Their types count, also where they have no value.
    private static void BindNothing(SqlArgs args, string number) => args
        .Long($"id{number}", null)
        .Int($"attempt{number}", null)
        .Int($"channel{number}", null)
        .Long($"known{number}", null)
        .Long($"from_byte{number}", null)
        .Long($"to_byte{number}", null)
        .Bytes($"data{number}", null);
}
