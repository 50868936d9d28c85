using Ascob.Core.Backends;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Server.Cluster;
using Ascob.Server.Telemetry;
using Hangfire;
using Hangfire.InMemory;
using Hangfire.PostgreSql;
using Hangfire.SqlServer;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Background;

/// <summary>Registers Hangfire: the clockwork, never the memory.</summary>
internal static class BackgroundRegistration
{
    private const string EveryFifteenSeconds = "*/15 * * * * *";

    /// <summary>Adds Hangfire with the configured storage, and its server.</summary>
    public static IServiceCollection AddAscobBackground(this IServiceCollection services, IConfiguration configuration)
    {
        AddHangfire(services, configuration, isWorker: false);
        services.AddHostedService<RecurringJobs>();
        return services;
    }

    /// <summary>Adds the part of a worker: it takes what is put into its own queue, and leaves the recurring jobs to the servers.</summary>
    public static IServiceCollection AddAscobWorkerBackground(this IServiceCollection services, IConfiguration configuration)
    {
        AddHangfire(services, configuration, isWorker: true);
        return services;
    }

    private static void AddHangfire(IServiceCollection services, IConfiguration configuration, bool isWorker)
    {
        var options = configuration.GetSection(HangfireOptions.Section).Get<HangfireOptions>() ?? new HangfireOptions();
        services.AddSingleton<EngineJobs>();
        services.AddSingleton<HangfireSchema>();
        services.AddHangfire((provider, hangfire) =>
        {
            hangfire.SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
                .UseSimpleAssemblyNameTypeSerializer()
                .UseRecommendedSerializerSettings()
                .UseTypeResolver(AllowedJobTypes.Resolve)
                .UseLogProvider(new HangfireLog(provider.GetRequiredService<ILoggerFactory>()));
            UseStorage(hangfire, configuration, options);
        });
        services.AddHangfireServer((provider, server) =>
        {
            // Each loop holds a worker for its window, that of the schedules too; two more do the rest.
            server.WorkerCount = options.WorkerCount ?? provider.GetRequiredService<BackendCatalog>().Served.Count + 4;
            server.SchedulePollingInterval = TimeSpan.FromSeconds(1);
            server.ServerTimeout = TimeSpan.FromMinutes(2);
            server.ShutdownTimeout = TimeSpan.FromSeconds(5);
            var own = MemberQueue.Of(provider.GetRequiredService<IOptions<EngineOptions>>().Value.ServerName);
            server.Queues = isWorker ? [own] : [own, MemberQueue.Anybody];
        });
    }

    /// <summary>Writes the recurring jobs; those of backends that are gone are removed.</summary>
    internal static void Schedule(IRecurringJobManager jobs, EngineLoops loops, JobStorage storage)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal) { "sweep", "sweep-locks", "retention", "schedules" };
        foreach (var name in loops.Names.Where(n => n != EngineLoops.SweeperLoop))
        {
            jobs.AddOrUpdate<EngineJobs>($"follow:{name}", j => j.FollowAsync(name, CancellationToken.None), EveryFifteenSeconds, Options());
            wanted.Add($"follow:{name}");
        }

        jobs.AddOrUpdate<EngineJobs>("sweep", j => j.SweepAsync(CancellationToken.None), EveryFifteenSeconds, Options());
        jobs.AddOrUpdate<EngineJobs>("schedules", j => j.FireSchedulesAsync(CancellationToken.None), EveryFifteenSeconds, Options());
        jobs.AddOrUpdate<EngineJobs>("sweep-locks", j => j.SweepLocksAsync(CancellationToken.None), Cron.Minutely(), Options());
        jobs.AddOrUpdate<EngineJobs>("retention", j => j.CleanAsync(CancellationToken.None), Cron.Hourly(), Options());
        using var connection = storage.GetReadOnlyConnection();
        foreach (var old in Hangfire.Storage.StorageConnectionExtensions.GetRecurringJobs(connection).Where(j => !wanted.Contains(j.Id)))
        {
            jobs.RemoveIfExists(old.Id);
        }
    }

    private static RecurringJobOptions Options() => new() { MisfireHandling = MisfireHandlingMode.Ignorable };

    private static void UseStorage(IGlobalConfiguration hangfire, IConfiguration configuration, HangfireOptions options)
    {
        if (options.Storage == HangfireStorage.InMemory)
        {
            hangfire.UseInMemoryStorage(new InMemoryStorageOptions { MaxExpirationTime = TimeSpan.FromMinutes(10) });
            return;
        }

        var connection = configuration["Ascob:Database:ConnectionString"];
        if (string.Equals(configuration["Ascob:Database:Provider"], "PostgreSql", StringComparison.OrdinalIgnoreCase))
        {
            hangfire.UsePostgreSqlStorage(
                storage => storage.UseNpgsqlConnection(connection),
                new PostgreSqlStorageOptions { PrepareSchemaIfNecessary = true, QueuePollInterval = TimeSpan.FromSeconds(1), EnableLongPolling = true, SchemaName = HangfireSchema.Name });
        }
        else
        {
            hangfire.UseSqlServerStorage(connection, new SqlServerStorageOptions { PrepareSchemaIfNecessary = true });
        }
    }
}
