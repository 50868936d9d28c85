using Hangfire.Logging;

namespace Ascob.Server.Telemetry;

/// <summary>
/// Hangfire's log, written to ours. Hangfire keeps its log provider in a static field, so a second server in one process (tests, an embedded server) can meet
/// the provider of one that has ended; then the entry is dropped instead of breaking the start.
/// </summary>
internal sealed class HangfireLog(ILoggerFactory loggers) : ILogProvider
{
    /// <inheritdoc/>
    public ILog GetLogger(string name)
    {
        try
        {
            return new Entry(loggers.CreateLogger(name));
        }
        catch (ObjectDisposedException)
        {
            return new Entry(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        }
    }

    private sealed class Entry(ILogger logger) : ILog
    {
        public bool Log(Hangfire.Logging.LogLevel logLevel, Func<string>? messageFunc, Exception? exception = null)
        {
            var level = Level(logLevel);
            if (messageFunc is null)
            {
                return logger.IsEnabled(level);
            }

            logger.Log(level, exception, "{Message}", messageFunc());
            return true;
        }

        private static Microsoft.Extensions.Logging.LogLevel Level(Hangfire.Logging.LogLevel level) => level switch
        {
            Hangfire.Logging.LogLevel.Trace => Microsoft.Extensions.Logging.LogLevel.Trace,
            Hangfire.Logging.LogLevel.Debug => Microsoft.Extensions.Logging.LogLevel.Debug,
            Hangfire.Logging.LogLevel.Info => Microsoft.Extensions.Logging.LogLevel.Information,
            Hangfire.Logging.LogLevel.Warn => Microsoft.Extensions.Logging.LogLevel.Warning,
            Hangfire.Logging.LogLevel.Error => Microsoft.Extensions.Logging.LogLevel.Error,
            Hangfire.Logging.LogLevel.Fatal => Microsoft.Extensions.Logging.LogLevel.Critical,
        };
    }
}
