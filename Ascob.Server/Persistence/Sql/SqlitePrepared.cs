using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Ascob.Server.Persistence.Sql;

/// <summary>
/// A SQLite statement without rows, prepared once and bound by position. Microsoft.Data.Sqlite looks up each parameter by its name and makes a reader for every execution, which costs the writer
/// more than the insert itself.
/// </summary>
internal sealed class SqlitePrepared(SqlStatement statement, SqlitePrepared.Values values) : SqlCommand(statement, values)
{
    public static SqlitePrepared Prepare(SqlStatement statement, SqliteConnection connection)
    {
        var database = connection.Handle ?? throw new InvalidOperationException("The connection is closed.");
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v3(database, statement.Text, raw.SQLITE_PREPARE_PERSISTENT, out var prepared), database);
        var expected = statement.Count;
        if (raw.sqlite3_bind_parameter_count(prepared) != expected)
        {
            prepared.Dispose();
            throw new InvalidOperationException($"The statement has not {expected} parameters: {statement.Text}");
        }

        return new SqlitePrepared(statement, new Values(database, prepared));
    }

    /// <inheritdoc/>
    /// <exception cref="SqliteException">The database refused it.</exception>
    public override Task<int> ExecuteAsync(CancellationToken cancellationToken) => Task.FromResult(values.Execute());

    public override Task<DbDataReader> ReadAsync(CancellationToken cancellationToken) => throw new NotSupportedException("This statement answers no rows.");

    public override Task<int?> CopyAsync(Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException("This statement answers no rows.");

    public override void Dispose() => values.Dispose();

    /// <summary>The statement's parameters, which SQLite keeps from one execution to the next.</summary>
    internal sealed class Values(sqlite3 database, sqlite3_stmt statement) : ISqlParameters, IDisposable
    {
        private const int OnStack = 1024;
        private byte[] _text = new byte[4096];

        public void Long(int index, long? value) => Check(value is { } given
            ? raw.sqlite3_bind_int64(statement, index + 1, given)
            : raw.sqlite3_bind_null(statement, index + 1));

        public void Int(int index, int? value) => Long(index, value);

        public void Double(int index, double? value) => Check(value is { } given
            ? raw.sqlite3_bind_double(statement, index + 1, given)
            : raw.sqlite3_bind_null(statement, index + 1));

        public void Bool(int index, bool value) => Long(index, value ? 1 : 0);

        public void Text(int index, string? value)
        {
            if (value is null)
            {
                Check(raw.sqlite3_bind_null(statement, index + 1));
                return;
            }

            if (value.Length == 0)
            {
                // An empty span has no address, and SQLite takes that for NULL.
                Check(raw.sqlite3_bind_text(statement, index + 1, string.Empty));
                return;
            }

            if (value.Length * 3 <= OnStack)
            {
                Span<byte> small = stackalloc byte[OnStack];
                Check(raw.sqlite3_bind_text(statement, index + 1, small[..Encoding.UTF8.GetBytes(value, small)]));
                return;
            }

            var needed = Encoding.UTF8.GetMaxByteCount(value.Length);
            if (_text.Length < needed)
            {
                _text = new byte[needed];
            }

            Check(raw.sqlite3_bind_text(statement, index + 1, _text.AsSpan(0, Encoding.UTF8.GetBytes(value, _text))));
        }

        public void Bytes(int index, byte[]? value) => Check(value switch
        {
            null => raw.sqlite3_bind_null(statement, index + 1),
            [] => raw.sqlite3_bind_zeroblob(statement, index + 1, 0),
            _ => raw.sqlite3_bind_blob(statement, index + 1, value),
        });

        public int Execute()
        {
            var outcome = raw.sqlite3_step(statement);
            if (outcome is not (raw.SQLITE_DONE or raw.SQLITE_ROW))
            {
                try
                {
                    SqliteException.ThrowExceptionForRC(outcome, database);
                }
                finally
                {
                    raw.sqlite3_reset(statement);
                }
            }

            raw.sqlite3_reset(statement);
            return raw.sqlite3_changes(database);
        }

        public void Dispose() => statement.Dispose();

        private void Check(int outcome) => SqliteException.ThrowExceptionForRC(outcome, database);
    }
}
