using System.Diagnostics;
using Hangfire;
using Hangfire.Logging;
using Hangfire.PostgreSql;

namespace Ascob.Bench.Baselines;

/// <summary>Jobs that do nothing, through Hangfire on PostgreSQL.</summary>
internal static class HangfireJobs
{
    private static int _done;

    /// <summary>Answers jobs per second from the first enqueueing to the last end; 20 workers, everything else as it comes.</summary>
    public static async Task<double> MeasureAsync(string connection, int count, CancellationToken cancellationToken)
    {
        LogProvider.SetCurrentLogProvider(new NoLog());
        var storage = new PostgreSqlStorage(
            new Hangfire.PostgreSql.Factories.NpgsqlConnectionFactory(connection, new PostgreSqlStorageOptions()),
            new PostgreSqlStorageOptions());
        var client = new BackgroundJobClient(storage);
        using var server = new BackgroundJobServer(new BackgroundJobServerOptions { WorkerCount = 20 }, storage);
        Volatile.Write(ref _done, 0);
        var warm = client.Enqueue(() => Nothing());
        while (Volatile.Read(ref _done) < 1)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }

        Volatile.Write(ref _done, 0);
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                for (var i = 0; i < count / 4; i++)
                {
                    client.Enqueue(() => Nothing());
                }
            },
            cancellationToken)));
        while (Volatile.Read(ref _done) < count / 4 * 4)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
        }

        return count / 4 * 4 / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>The job. Public, because Hangfire calls it by name.</summary>
    public static void Nothing() => Interlocked.Increment(ref _done);

    private sealed class NoLog : ILogProvider
    {
        public ILog GetLogger(string name) => new Silent();

        private sealed class Silent : ILog
        {
            public bool Log(LogLevel logLevel, Func<string>? messageFunc, Exception? exception = null) => false;
        }
    }
}
