using System.Data.Common;
using System.Reflection;
using Ascob.Core.Errors;
using Ascob.Server.Persistence.Schema;
using Ascob.Server.Persistence.Sql;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Ascob.Server.Persistence;

/// <summary>Brings the schema of the database up to date before the first request.</summary>
internal sealed class DatabaseStartup(Database database, DatabaseSettings settings, TimeProvider time, ILogger<DatabaseStartup> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Applies the migrations that are missing; waits for a server that is not up yet; two servers do not migrate at once.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                // The model costs half a second to build, and on most starts there is nothing to do.
                if (!await IsCurrentAsync(cancellationToken))
                {
                    await ApplyAsync(cancellationToken);
                }

                return;
            }
            catch (Exception e) when (IsNotUpYet(e) && time.GetElapsedTime(started) < settings.StartWait)
            {
                logger.LogWarning("The database does not answer yet: {Reason}", e.Message);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private bool IsNotUpYet(Exception exception) =>
        database.Dialect.Provider != DatabaseProvider.Sqlite
        && (exception is StoreUnavailableException || database.Dialect.IsUnavailable(exception) || (exception.InnerException is { } inner && database.Dialect.IsUnavailable(inner)));

    /// <summary>Answers whether every migration of this version has been applied; changes nothing.</summary>
    /// <exception cref="StoreUnavailableException">The database cannot be reached.</exception>
    public async Task<bool> IsCurrentAsync(CancellationToken cancellationToken)
    {
        var context = settings.Provider switch
        {
            DatabaseProvider.Sqlite => typeof(SqliteAscobDbContext),
            DatabaseProvider.PostgreSql => typeof(PostgreSqlAscobDbContext),
            DatabaseProvider.SqlServer => typeof(SqlServerAscobDbContext),
        };
        var newest = typeof(DatabaseStartup).Assembly.GetTypes()
            .Where(t => t.GetCustomAttribute<DbContextAttribute>()?.ContextType == context)
            .Select(t => t.GetCustomAttribute<MigrationAttribute>()?.Id)
            .OfType<string>()
            .Max(StringComparer.Ordinal);
        try
        {
            var statement = database.Dialect.Statement("""SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = @migration""");
            return await database.ReadAsync(
                session =>
                {
                    var command = session.Command(statement);
                    command.Args.Text("migration", newest);
                    return command.FirstAsync(_ => true, cancellationToken);
                },
                cancellationToken);
        }
        catch (DbException)
        {
            // No such table, or no such database: everything is missing.
            return false;
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await using var context = CreateContext();
        if (settings.Provider == DatabaseProvider.Sqlite)
        {
            await using var lockFile = await LockAsync(cancellationToken);
            await DropStaleLockAsync(cancellationToken);
            await context.Database.MigrateAsync(cancellationToken);
        }
        else
        {
            // Takes a lock of the session, which a crash releases.
            await context.Database.MigrateAsync(cancellationToken);
        }

        logger.LogInformation("The database schema is up to date");
    }

    private AscobDbContext CreateContext() => settings.Provider switch
    {
        DatabaseProvider.Sqlite => SqliteAscobDbContext.Factory.Create(settings.ConnectionString),
        DatabaseProvider.PostgreSql => PostgreSqlAscobDbContext.Factory.Create(settings.ConnectionString),
        DatabaseProvider.SqlServer => SqlServerAscobDbContext.Factory.Create(settings.ConnectionString),
    };

    /// <summary>Locks a file beside the database: unlike a row in it, the lock is gone when its process is.</summary>
    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        var path = new SqliteConnectionStringBuilder(settings.ConnectionString).DataSource + ".migrating";
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
            }
        }
    }

    private async Task DropStaleLockAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Dialect.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = """DROP TABLE IF EXISTS "__EFMigrationsLock" """;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
