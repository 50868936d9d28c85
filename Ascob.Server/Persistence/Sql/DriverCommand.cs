using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>A command of the database's driver.</summary>
internal sealed class DriverCommand(SqlStatement statement, DbCommand command, ISqlParameters parameters) : SqlCommand(statement, parameters)
{
    public override Task<int> ExecuteAsync(CancellationToken cancellationToken) => command.ExecuteNonQueryAsync(cancellationToken);

    public override Task<DbDataReader> ReadAsync(CancellationToken cancellationToken) => command.ExecuteReaderAsync(cancellationToken);

    public override void Dispose() => command.Dispose();
}
