using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Telemetry;

/// <summary>One line for people for each log entry; what came from outside cannot break out of it.</summary>
internal sealed class PlainFormatter(IOptionsMonitor<PlainFormatterOptions> options, TimeProvider? time = null) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "ascob";
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var line = new StringBuilder(200);
        line.Append(_time.GetLocalNow().ToString(options.CurrentValue.TimestampFormat ?? "HH:mm:ss.fff", CultureInfo.InvariantCulture));
        line.Append(' ').Append(Word(logEntry.LogLevel)).Append(' ').Append(logEntry.Category).Append(": ");
        Escape(line, logEntry.Formatter(logEntry.State, logEntry.Exception));
        line.Append('\n');
        foreach (var trace in (logEntry.Exception?.ToString() ?? string.Empty).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Escape(line.Append("    "), trace.TrimEnd('\r'));
            line.Append('\n');
        }

        textWriter.Write(line.ToString());
    }

    /// <summary>Writes text with everything that would move the cursor, start a new line or turn the direction of reading spelled out.</summary>
    internal static void Escape(StringBuilder line, string text)
    {
        foreach (var c in text)
        {
            var category = char.GetUnicodeCategory(c);
            if (category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                line.Append(c);
            }
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warn ",
        LogLevel.Error => "error",
        LogLevel.Critical => "fatal",
        LogLevel.None => "     ",
    };
}

/// <summary>The settings of <see cref="PlainFormatter"/>.</summary>
internal sealed class PlainFormatterOptions : ConsoleFormatterOptions;
