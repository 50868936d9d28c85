using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Output;

/// <summary>The statements of output in the database. What is one operation is one command on a server, and a few small statements on SQLite and where a command is repeated on its own.</summary>
internal sealed class OutputSql(SqlDialect dialect)
{
    /// <summary>The most documents of one attempt: one for each stream.</summary>
    public const int MostDocuments = 3;

    private const string OfAttempt = "run_id = @id AND attempt = @attempt";
    private const string OfStream = OfAttempt + " AND channel = @channel";
    private const string PieceColumns = "run_id, attempt, channel, from_byte, to_byte, data";
    private const string NewPiece = "n.run_id, n.attempt, n.channel, n.from_byte, n.to_byte, n.data";

    // The first piece of an attempt that has been archived meanwhile comes too late.
    private const string NoArchive = "NOT EXISTS (SELECT 1 FROM run_outputs AS o WHERE o.run_id = {0}.run_id AND o.attempt = {0}.attempt)";

    private static readonly int[] Sizes = [1, 4, 16, 64];

    private readonly Dictionary<int, SqlStatement> _publish = [];
    private readonly Lock _gate = new();
    private SqlStatement? _publishArrays;

    public SqlDialect Dialect { get; } = dialect;

    public SqlStatement Find { get; } = dialect.Statement($"SELECT size, content_id, data FROM run_outputs WHERE {OfAttempt} AND (channels & @channel) <> 0");

    public SqlStatement ContentsOfRun { get; } = dialect.Statement("SELECT content_id FROM run_outputs WHERE run_id = @id AND content_id IS NOT NULL");

    public SqlStatement ContentsOfAttempt { get; } = dialect.Statement($"SELECT content_id FROM run_outputs WHERE {OfAttempt} AND content_id IS NOT NULL");

    public SqlStatement DeleteRun { get; } = dialect.Statement("DELETE FROM run_outputs WHERE run_id = @id");

    public SqlStatement DeleteAttempt { get; } = dialect.Statement($"DELETE FROM run_outputs WHERE {OfAttempt}");

    public SqlStatement Insert { get; } = dialect.Statement(
        "INSERT INTO run_outputs (run_id, attempt, channels, size, content_id, data) VALUES (@id, @attempt, @channels, @size, @content, @data)");

    public SqlStatement DeletePiecesOfRun { get; } = dialect.Statement("DELETE FROM output_pieces WHERE run_id = @id");

    public SqlStatement DeletePieces { get; } = dialect.Statement($"DELETE FROM output_pieces WHERE {OfAttempt}");

    public SqlStatement LockRun { get; } = dialect.Statement($"SELECT 1 FROM runs{dialect.UpdateLock} WHERE id = @id{dialect.ForUpdate}");

    public SqlStatement Length { get; } = dialect.Statement(
        $"SELECT{dialect.Top} to_byte FROM output_pieces WHERE {OfStream} ORDER BY from_byte DESC{dialect.Limit}");

    public SqlStatement ReadPieces { get; } = dialect.Statement(
        $"SELECT{dialect.Top} from_byte, data FROM output_pieces WHERE {OfStream} AND from_byte >= "
        + $"COALESCE((SELECT MAX(from_byte) FROM output_pieces WHERE {OfStream} AND from_byte <= @offset), 0) ORDER BY from_byte{dialect.Limit}");

    public SqlStatement InsertPiece { get; } = dialect.Statement($"INSERT INTO output_pieces ({PieceColumns}) VALUES (@id, @attempt, @channel, @from_byte, @to_byte, @data)");

    public SqlStatement HasArchive { get; } = dialect.Statement($"SELECT 1 FROM run_outputs WHERE {OfAttempt}");

    public SqlStatement Trim { get; } = dialect.Statement($"DELETE FROM output_pieces WHERE {OfStream} AND from_byte >= @first AND to_byte <= @end");

    /// <summary>Gets the one command that makes documents the archive of an attempt; servers only.</summary>
    public SqlStatement Archive => field ??= Dialect.Statement(Dialect.Provider == DatabaseProvider.PostgreSql ? PostgreSqlArchive() : SqlServerArchive());

    /// <summary>Gets the one command that publishes any number of pieces, given as arrays; PostgreSQL only.</summary>
    public SqlStatement PublishArrays() => _publishArrays ??= Dialect.Statement(
        $"INSERT INTO output_pieces ({PieceColumns}) SELECT {NewPiece} FROM unnest(@id, @attempt, @channel, @known, @from_byte, @to_byte, @data) "
        + $"AS n (run_id, attempt, channel, known, from_byte, to_byte, data) WHERE {IsNext(string.Empty, " LIMIT 1")} "
        + "ON CONFLICT DO NOTHING RETURNING run_id, attempt, channel");

    /// <summary>Answers the next size for which there is a command.</summary>
    public static int SizeFor(int pieces) => Sizes.First(s => s >= pieces);

    /// <summary>Gets the one command that publishes so many pieces; SQL Server only.</summary>
    public SqlStatement Publish(int pieces)
    {
        lock (_gate)
        {
            if (!_publish.TryGetValue(pieces, out var statement))
            {
                var rows = Enumerable.Range(0, pieces).Select(i => $"(@id{i}, @attempt{i}, @channel{i}, @known{i}, @from_byte{i}, @to_byte{i}, @data{i})");
                statement = Dialect.Statement(
                    $"INSERT INTO output_pieces ({PieceColumns}) OUTPUT inserted.run_id, inserted.attempt, inserted.channel SELECT {NewPiece} "
                    + $"FROM (VALUES {string.Join(", ", rows)}) AS n (run_id, attempt, channel, known, from_byte, to_byte, data) "
                    + $"WHERE n.run_id IS NOT NULL AND {IsNext(" TOP (1)", string.Empty)}");
                _publish.Add(pieces, statement);
            }

            return statement;
        }
    }

    private static string IsNext(string top, string limit) =>
        $"n.known = COALESCE((SELECT{top} p.to_byte FROM output_pieces AS p WHERE p.run_id = n.run_id AND p.attempt = n.attempt AND p.channel = n.channel ORDER BY p.from_byte DESC{limit}), 0) "
        + $"AND (n.known > 0 OR {NoArchive.Replace("{0}", "n", StringComparison.Ordinal)})";

    private static string Each(Func<int, string> text) => string.Join(", ", Enumerable.Range(0, MostDocuments).Select(text));

    private static string Documents => $"(VALUES {Each(i => $"(@channels{i}, @size{i}, @content{i}, @data{i})")}) AS v (channels, size, content_id, data) WHERE v.channels IS NOT NULL";

    private string PostgreSqlArchive() =>
        $"WITH pieces AS (DELETE FROM output_pieces WHERE {OfAttempt}), "
        + $"others AS (DELETE FROM run_outputs WHERE {OfAttempt} AND channels NOT IN ({Each(i => $"COALESCE(@channels{i}, 0)")})), "
        + $"marks AS (INSERT INTO staged_contents (content_id, touched_at) SELECT content_id, {Dialect.Now} FROM run_outputs "
        + $"WHERE {OfAttempt} AND content_id IS NOT NULL AND content_id NOT IN ({Each(i => $"COALESCE(@content{i}, '')")}) ON CONFLICT DO NOTHING) "
        + $"INSERT INTO run_outputs (run_id, attempt, channels, size, content_id, data) SELECT @id, @attempt, v.channels, v.size, v.content_id, v.data FROM {Documents} "
        + "ON CONFLICT (run_id, attempt, channels) DO UPDATE SET size = excluded.size, content_id = excluded.content_id, data = excluded.data RETURNING channels";

    private string SqlServerArchive() =>
        $"SET NOCOUNT ON; INSERT INTO staged_contents (content_id, touched_at) SELECT o.content_id, {Dialect.Now} FROM run_outputs AS o "
        + $"WHERE o.run_id = @id AND o.attempt = @attempt AND o.content_id IS NOT NULL AND o.content_id NOT IN ({Each(i => $"COALESCE(@content{i}, '')")}) "
        + "AND NOT EXISTS (SELECT 1 FROM staged_contents AS s WHERE s.content_id = o.content_id); "
        + $"DELETE FROM output_pieces WHERE {OfAttempt}; DELETE FROM run_outputs WHERE {OfAttempt}; "
        + $"INSERT INTO run_outputs (run_id, attempt, channels, size, content_id, data) SELECT @id, @attempt, v.channels, v.size, v.content_id, v.data FROM {Documents}; SELECT 1;";
}
