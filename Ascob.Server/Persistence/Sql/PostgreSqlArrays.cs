using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace Ascob.Server.Persistence.Sql;

/// <summary>
/// The values of many rows, one array per name, for <c>unnest</c>: one statement for all of them costs the server and the driver a fraction of one statement each.
/// </summary>
internal sealed class PostgreSqlArrays(SqlStatement statement) : ISqlParameters
{
    private readonly Column?[] _columns = new Column?[statement.Count];
    private int _rows;

    /// <summary>Begins the next row; what is not set in it is null.</summary>
    public SqlArgs NextRow()
    {
        _rows++;
        return new SqlArgs(statement, this);
    }

    public void AddTo(DbBatch batch)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = statement.Text;
        foreach (var column in _columns)
        {
            command.Parameters.Add((column ?? new Column<string>(NpgsqlDbType.Text)).ToParameter(_rows));
        }

        batch.BatchCommands.Add(command);
    }

    public void Long(int index, long? value) => Set(index, NpgsqlDbType.Bigint, value);

    public void Int(int index, int? value) => Set(index, NpgsqlDbType.Integer, value);

    public void Double(int index, double? value) => Set(index, NpgsqlDbType.Double, value);

    public void Bool(int index, bool value) => Set<bool?>(index, NpgsqlDbType.Boolean, value);

    public void Text(int index, string? value) => Set(index, NpgsqlDbType.Text, value);

    public void Bytes(int index, byte[]? value) => Set(index, NpgsqlDbType.Bytea, value);

    private void Set<T>(int index, NpgsqlDbType type, T? value)
    {
        var column = (Column<T>)(_columns[index] ??= new Column<T>(type));
        column.Set(_rows - 1, value);
    }

    private abstract class Column
    {
        public abstract NpgsqlParameter ToParameter(int rows);
    }

    private sealed class Column<T>(NpgsqlDbType type) : Column
    {
        private T?[] _values = new T?[16];

        public void Set(int row, T? value)
        {
            Grow(row + 1);
            _values[row] = value;
        }

        public override NpgsqlParameter ToParameter(int rows)
        {
            Grow(rows);
            Array.Resize(ref _values, rows);
            return new NpgsqlParameter<T?[]> { TypedValue = _values, NpgsqlDbType = NpgsqlDbType.Array | type };
        }

        private void Grow(int rows)
        {
            if (_values.Length < rows)
            {
                Array.Resize(ref _values, Math.Max(rows, _values.Length * 2));
            }
        }
    }
}
