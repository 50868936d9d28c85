using System.Globalization;

namespace Ascob.Server.Cli;

/// <summary>
/// Tells a person on stderr where a run stands: one line that is redrawn on a terminal, a line for each change elsewhere. It steps aside while the job's output is
/// written.
/// </summary>
internal sealed class ProgressLine(CliTerminal terminal, TimeProvider time, bool quiet)
{
    private readonly Lock _gate = new();
    private readonly long _started = time.GetTimestamp();
    private string? _said;
    private string? _drawn;
    private bool _outputEndsLine = true;
    private bool _ended;

    /// <summary>Shows where the run stands now.</summary>
    public void Show(long runId, string status, string? reason)
    {
        if (quiet)
        {
            return;
        }

        lock (_gate)
        {
            var text = reason is { Length: > 0 } ? $"run {runId} {status}: {OneLine(reason)}" : $"run {runId} {status}";
            if (!terminal.ErrorIsTerminal && text != _said)
            {
                terminal.Error.WriteLine(text);
            }

            _said = text;
        }

        Redraw();
    }

    /// <summary>Draws the line anew with the time that has gone by; nothing where stderr is no terminal.</summary>
    public void Redraw()
    {
        lock (_gate)
        {
            if (terminal.ErrorIsTerminal && _said is not null && !_ended)
            {
                Erase();
                Draw(Fit(_said, $" ({Elapsed()})"));
            }
        }
    }

    /// <summary>Writes output of the job to stdout without mixing it into the line.</summary>
    public void Write(ReadOnlySpan<byte> output)
    {
        if (output.IsEmpty)
        {
            return;
        }

        lock (_gate)
        {
            var line = _drawn;
            Erase();
            terminal.Output.Write(output);
            terminal.Output.Flush();
            _outputEndsLine = output[^1] == (byte)'\n';
            if (line is not null)
            {
                Draw(line);
            }
        }
    }

    /// <summary>Writes a line for a person, above the redrawn one.</summary>
    public void Say(string message)
    {
        if (quiet)
        {
            return;
        }

        lock (_gate)
        {
            Erase();
            terminal.Error.WriteLine(message);
        }
    }

    /// <summary>Leaves the last words standing.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_drawn is not null && _outputEndsLine)
            {
                terminal.Error.WriteLine();
            }

            _drawn = null;
            _ended = true;
        }
    }

    // Text from a backend may hold line breaks and escape sequences; neither may reach the terminal.
    private static string OneLine(string text) =>
        string.Create(Math.Min(text.Length, 200), text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });

    private string Fit(string text, string tail)
    {
        var room = Math.Max(0, terminal.ErrorWidth - 1 - tail.Length);
        return (text.Length <= room ? text : text[..room]) + tail;
    }

    private void Draw(string line)
    {
        // A half line of output stands where the progress would be drawn; drawing there would eat it.
        if (_outputEndsLine)
        {
            terminal.Error.Write(line);
            terminal.Error.Flush();
        }

        _drawn = line;
    }

    private void Erase()
    {
        if (_drawn is not null && _outputEndsLine)
        {
            terminal.Error.Write("\r\u001b[K");
            terminal.Error.Flush();
        }

        _drawn = null;
    }

    private string Elapsed() => time.GetElapsedTime(_started).ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture);
}
