using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Ascob.Server.Persistence.Runs;
using Microsoft.Data.SqlClient;

namespace Ascob.Server.Persistence.Sql;

/// <summary>SQL Server 2019 or newer, and Azure SQL.</summary>
internal sealed class SqlServerDialect : SqlDialect
{
    // Thrown by our own statement when the lock table is busy.
    private const int LockTableBusy = 51222;
    private readonly string _connectionString;

    public SqlServerDialect(string connectionString, TimeSpan longestWait)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var settings = new SqlConnectionStringBuilder(connectionString);
        var seconds = Math.Max(1, (int)longestWait.TotalSeconds);
        if (!given.ContainsKey("Connect Timeout") && !given.ContainsKey("Connection Timeout") && !given.ContainsKey("Timeout"))
        {
            settings.ConnectTimeout = seconds;
        }

        if (!given.ContainsKey("Command Timeout"))
        {
            settings.CommandTimeout = seconds;
        }

        _connectionString = settings.ConnectionString;
    }

    public override DatabaseProvider Provider => DatabaseProvider.SqlServer;

    public override string Limit => string.Empty;

    public override string Now => "DATEDIFF_BIG(MICROSECOND, '19700101', SYSUTCDATETIME())";

    public override string Top => " TOP (@limit)";

    public override string UpdateLock => " WITH (UPDLOCK, ROWLOCK)";

    public override async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqlConnection(_connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public override DbParameter CreateParameter(string? name) => new SqlParameter { ParameterName = name };

    public override void SetParameter(DbParameter parameter, DbType type, object value)
    {
        base.SetParameter(parameter, type, value);
        if (type == DbType.String)
        {
            // One plan for all lengths.
            parameter.Size = value is string { Length: > 4000 } ? -1 : 4000;
        }
    }

    // Even a binary collation passes over spaces at the end; a last character that is no space makes them count.
    public override string EncodeKey(string key) => key + "|";

    // An index key has 900 bytes at most, so a long value is known there by its hash, which cannot be mistaken for a short value: those end with "|".
    public override string EncodeLabelValue(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Length < RunLabelTable.LongestValue ? EncodeKey(value) : "#" + Convert.ToHexStringLower(SHA256.HashData(Encoding.Unicode.GetBytes(value)));
    }

    public override string DecodeKey(string stored) => stored[..^1];

    public override bool IsUnavailable(Exception exception) => exception switch
    {
        SqlException e => e.Class >= 20 || IsUnavailableNumber(e.Number) || IsContention(e),
        InvalidOperationException { Message: var message } when message.Contains("pool", StringComparison.Ordinal) => true,
        SocketException or IOException or TimeoutException => true,
        _ => false,
    };

    public override bool IsContention(Exception exception) => exception is SqlException { Number: 1205 or 3960 };

    public override bool IsServerRefusal(Exception exception) => exception is SqlException { Class: < 17, Number: > 0 };

    public override bool IsDuplicate(Exception exception) => exception is SqlException { Number: 2601 or 2627 };

    // Timeout, network, disk or log full, lock timeout, database away, Azure's throttling and fail-over.
    private static bool IsUnavailableNumber(int number) => number is
        -2 or -1 or 0 or 2 or 20 or 53 or 64 or 121 or 233 or 258 or 921 or 926 or 945 or 976 or 1101 or 1105 or 1222 or 3906 or 4060 or 4221 or 9002
        or 10053 or 10054 or 10060 or 10061 or 10928 or 10929 or 40197 or 40501 or 40613 or 49918 or 49919 or 49920 or LockTableBusy;
}
