using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Robustness;

/// <summary>Keeps all that a server logs, with every value and every exception of every line.</summary>
internal sealed class LogCapture : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    // Scopes are in no line of the server's log.
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {formatter(state, exception)} {(state is IEnumerable<KeyValuePair<string, object?>> values ? string.Join(' ', values) : string.Empty)} {exception}");

    public void Dispose()
    {
        // Nothing is held.
    }
}
