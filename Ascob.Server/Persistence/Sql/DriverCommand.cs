using System.Data;
using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>A command of the database's driver.</summary>
internal sealed class DriverCommand(SqlStatement statement, DbCommand command, ISqlParameters parameters) : SqlCommand(statement, parameters)
{
    public override Task<int> ExecuteAsync(CancellationToken cancellationToken) => command.ExecuteNonQueryAsync(cancellationToken);

    public override Task<DbDataReader> ReadAsync(CancellationToken cancellationToken) => command.ExecuteReaderAsync(cancellationToken);

    public override async Task<int?> CopyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        await using var value = reader.GetStream(0);
        return await value.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
    }

    public override void Dispose() => command.Dispose();
}
