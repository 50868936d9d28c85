using System.Data;
using System.Data.Common;
using Ascob.Core.Runs;

namespace Ascob.Server.Persistence.Sql;

/// <summary>
/// Sets the parameters of one statement by name, with their types, since PostgreSQL cannot guess the type of a null. A name that the statement does not
/// use is passed over, so that one binder serves the variants of a statement.
/// </summary>
internal readonly struct SqlArgs(SqlStatement statement, SqlDialect dialect, DbParameterCollection parameters)
{
    public SqlArgs Long(string name, long? value) => Set(name, DbType.Int64, value);

    public SqlArgs Int(string name, int? value) => Set(name, DbType.Int32, value);

    public SqlArgs Double(string name, double? value) => Set(name, DbType.Double, value);

    public SqlArgs Bool(string name, bool value) => Set(name, DbType.Boolean, value);

    public SqlArgs Text(string name, string? value) => Set(name, DbType.String, value);

    public SqlArgs Bytes(string name, byte[] value) => Set(name, DbType.Binary, value);

    public SqlArgs Time(string name, DateTimeOffset? value) => Set(name, DbType.Int64, value is { } time ? UtcMicroseconds.From(time) : null);

    public SqlArgs Status(string name, RunStatus? value) => Set(name, DbType.String, value?.ToWire());

    private SqlArgs Set(string name, DbType type, object? value)
    {
        var index = statement.IndexOf(name);
        if (index >= 0)
        {
            dialect.SetParameter(parameters[index], type, value ?? DBNull.Value);
        }

        return this;
    }
}
