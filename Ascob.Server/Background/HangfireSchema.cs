using Hangfire.PostgreSql;
using Hangfire.SqlServer;
using Microsoft.Data.SqlClient;
using Npgsql;

namespace Ascob.Server.Background;

/// <summary>The tables of Hangfire's shared storage. Hangfire makes them once, at the start; where they are lost while servers run, they are made anew.</summary>
internal sealed class HangfireSchema(IConfiguration configuration, ILogger<HangfireSchema> logger)
{
    public const string Name = "hangfire";
    private const string SqlServerName = "HangFire";

    /// <summary>Makes what is missing; does nothing where the storage is in memory or whole. Never throws.</summary>
    public void Restore()
    {
        var options = configuration.GetSection(HangfireOptions.Section).Get<HangfireOptions>() ?? new HangfireOptions();
        if (options.Storage == HangfireStorage.InMemory)
        {
            return;
        }

        try
        {
            var connectionString = configuration["Ascob:Database:ConnectionString"];
            if (string.Equals(configuration["Ascob:Database:Provider"], "PostgreSql", StringComparison.OrdinalIgnoreCase))
            {
                using var connection = new NpgsqlConnection(connectionString);
                connection.Open();
                PostgreSqlObjectsInstaller.Install(connection, Name);
            }
            else
            {
                using var connection = new SqlConnection(connectionString);
                connection.Open();
                SqlServerObjectsInstaller.Install(connection, SqlServerName, enableHeavyMigrations: false);
            }
        }
#pragma warning disable CA1031 // The engine needs no storage, and it is tried again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogDebug("Hangfire's tables could not be made: {Reason}", e.Message);
        }
    }
}
