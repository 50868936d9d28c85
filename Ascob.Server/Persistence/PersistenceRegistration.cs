using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Definitions;
using Ascob.Core.Files;
using Ascob.Core.Kuroko2;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;
using Ascob.Core.Timing;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence.Backends;
using Ascob.Server.Persistence.Cluster;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Definitions;
using Ascob.Server.Persistence.Files;
using Ascob.Server.Persistence.Locks.Consul;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Schedules;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Timing;
using Ascob.Server.Persistence.Tokens;
using Ascob.Server.Persistence.Writing;
using Ascob.Server.Security;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Persistence;

/// <summary>Registers the memory of the server.</summary>
internal static class PersistenceRegistration
{
    /// <summary>Adds the stores, kept in the database of <c>Ascob:Database</c>, and the contents of files where <c>Ascob:Contents</c> says.</summary>
    public static IServiceCollection AddAscobPersistence(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DatabaseOptions>().Bind(configuration.GetSection(DatabaseOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        var dataDirectory = Path.GetFullPath(configuration["Ascob:DataDirectory"] ?? "./data");
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<MonotonicClock>();
        services.AddSingleton(provider => DatabaseSettings.From(provider.GetRequiredService<IOptions<DatabaseOptions>>().Value, dataDirectory));
        services.AddSingleton(provider => CreateDialect(provider.GetRequiredService<DatabaseSettings>()));
        services.AddSingleton(provider => new Database(provider.GetRequiredService<SqlDialect>(), provider.GetRequiredService<DatabaseSettings>().LongestWait));
        services.AddSingleton(CreateWriter);
        services.AddSingleton<DatabaseStartup>();
        services.AddSingleton<StartPatience>();
        services.AddSingleton<Metadata>();
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton(provider => CreateRunSql(
            provider.GetRequiredService<SqlDialect>(), provider.GetRequiredService<NoticeInterest>(), provider.GetRequiredService<NoticeSignal>()));
        services.AddSingleton<NoticeInterest>();
        services.AddSingleton<NoticeSignal>();
        services.AddSingleton<INotificationStore, NotificationStore>();
        services.AddSingleton<RunIds>();
        services.AddSingleton<IRunStore, RunStore>();
        services.AddSingleton<IExecutionHistory, ExecutionHistory>();
        services.AddSingleton<IInstanceCounts, InstanceCounts>();
        services.AddSingleton<IRunVersions, RunVersions>();
        services.AddAscobLocks(configuration);
        services.AddSingleton<ITokenStore, TokenStore>();
        services.AddSingleton<IBackendStateStore, BackendStateStore>();
        services.AddSingleton<IMemberStore, MemberStore>();
        services.AddSingleton<IDefinitionStore, DefinitionStore>();
        services.AddSingleton<IScheduleStore, ScheduleStore>();
        services.AddSingleton(new RunFileLimits(configuration.GetValue<long?>("Ascob:Limits:MaxFileBytes") ?? RunFileLimits.Default));
        AddContents(services, ContentsSettings.From(configuration));
        services.AddSingleton<IRunFileStore, RunFileStore>();
        services.AddSingleton<ISecretProtector>(_ => SecretProtector.Create(configuration[SecretProtector.KeySetting], dataDirectory));
        return services;
    }

    public static RunSql CreateRunSql(SqlDialect dialect, NoticeInterest? interest = null, NoticeSignal? stored = null) => dialect.Provider switch
    {
        DatabaseProvider.Sqlite => new SqliteRunSql(dialect) { Interest = interest, NoticeStored = stored },
        DatabaseProvider.PostgreSql => new PostgreSqlRunSql(dialect) { Interest = interest, NoticeStored = stored },
        DatabaseProvider.SqlServer => new SqlServerRunSql(dialect) { Interest = interest, NoticeStored = stored },
    };

    private static void AddContents(IServiceCollection services, ContentsSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton<IContents>(provider => settings.InDatabase
            ? new DatabaseContents(
                provider.GetRequiredService<Database>(),
                provider.GetRequiredService<IStoreWriter>(),
                new ContentSql(provider.GetRequiredService<SqlDialect>()),
                new ContentCache(Path.Combine(settings.WorkDirectory, "cache"), settings.CacheBytes, provider.GetRequiredService<TimeProvider>()))
            : new DiskContents(
                Path.Combine(settings.Directory, "files"),
                settings.IsShared ? DatabaseContents.AbandonedAfter : TimeSpan.Zero,
                provider.GetRequiredService<TimeProvider>()));
    }

    private static SqlDialect CreateDialect(DatabaseSettings settings)
    {
        if (settings.Provider == DatabaseProvider.Sqlite)
        {
            var directory = Path.GetDirectoryName(Path.GetFullPath(new SqliteConnectionStringBuilder(settings.ConnectionString).DataSource));
            PrivateDirectory.Create(directory ?? settings.DataDirectory);
        }

        return settings.Provider switch
        {
            DatabaseProvider.Sqlite => new SqliteDialect(settings.ConnectionString, settings.LongestWait),
            DatabaseProvider.PostgreSql => new PostgreSqlDialect(settings.ConnectionString, settings.LongestWait),
            DatabaseProvider.SqlServer => new SqlServerDialect(settings.ConnectionString, settings.LongestWait),
        };
    }

    private static IStoreWriter CreateWriter(IServiceProvider provider)
    {
        var dialect = provider.GetRequiredService<SqlDialect>();
        var options = provider.GetRequiredService<IOptions<DatabaseOptions>>().Value;
        if (dialect.Provider == DatabaseProvider.Sqlite)
        {
            return ActivatorUtilities.CreateInstance<SqliteWriter>(provider, dialect, options);
        }

        var combine = provider.GetRequiredService<RunSql>() is PostgreSqlRunSql sql ? new PostgreSqlBulk(sql).Combine : (Func<IReadOnlyList<WriteOperation>, IReadOnlyList<IBatchedOperation>>?)null;
        return new BatchWriter(dialect, combine, options, provider.GetRequiredService<ILogger<BatchWriter>>());
    }
}
