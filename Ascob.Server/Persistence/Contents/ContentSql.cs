using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Contents;

/// <summary>The statements of contents in the database.</summary>
internal sealed class ContentSql(SqlDialect dialect)
{
    public SqlStatement Mark { get; } = dialect.Statement(
        $"INSERT INTO staged_contents (content_id, touched_at) SELECT @id, {dialect.Now} WHERE NOT EXISTS (SELECT 1 FROM staged_contents WHERE content_id = @id)");

    public SqlStatement Unmark { get; } = dialect.Statement("DELETE FROM staged_contents WHERE content_id = @id");

    public SqlStatement Touch { get; } = dialect.Statement($"UPDATE staged_contents SET touched_at = {dialect.Now} WHERE content_id = @id");

    public SqlStatement FindUntouched { get; } = dialect.Statement($"SELECT content_id FROM staged_contents WHERE touched_at <= {dialect.Now} - @age");

    public SqlStatement AddChunk { get; } = dialect.Statement("INSERT INTO content_chunks (content_id, number, data) VALUES (@id, @number, @data)");

    public SqlStatement ReadChunk { get; } = dialect.Statement("SELECT data FROM content_chunks WHERE content_id = @id AND number = @number");

    public SqlStatement DeleteChunks { get; } = dialect.Statement("DELETE FROM content_chunks WHERE content_id = @id AND number >= @first AND number < @end");
}
