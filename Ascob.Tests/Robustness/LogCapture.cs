using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Robustness;

/// <summary>Keeps all that a server logs, with every value and every exception.</summary>
internal sealed class LogCapture : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public string Text => string.Join('\n', _lines);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        _lines.Enqueue(state is IEnumerable<KeyValuePair<string, object?>> values ? string.Join(' ', values) : state.ToString() ?? string.Empty);
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {formatter(state, exception)} {(state is IEnumerable<KeyValuePair<string, object?>> values ? string.Join(' ', values) : string.Empty)} {exception}");

    public void Dispose()
    {
        // Nothing is held.
    }
}
