using System.Data;
using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>The parameters of a driver's command.</summary>
internal sealed class DriverParameters(SqlDialect dialect, DbParameterCollection parameters) : ISqlParameters
{
    public void Long(int index, long? value) => Set(index, DbType.Int64, value);

    public void Int(int index, int? value) => Set(index, DbType.Int32, value);

    public void Double(int index, double? value) => Set(index, DbType.Double, value);

    public void Bool(int index, bool value) => Set(index, DbType.Boolean, value);

    public void Text(int index, string? value) => Set(index, DbType.String, value);

    public void Bytes(int index, byte[]? value) => Set(index, DbType.Binary, value);

    private void Set(int index, DbType type, object? value) => dialect.SetParameter(parameters[index], type, value ?? DBNull.Value);
}
