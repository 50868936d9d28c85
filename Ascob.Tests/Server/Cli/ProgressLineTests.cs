using System.Text;
using Ascob.Server.Cli;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Server.Cli;

public sealed class ProgressLineTests : IDisposable
{
    private readonly MemoryStream _output = new();
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Show_WhenStderrIsNoTerminal_WritesALineForEachChangeOnly()
    {
        var progress = Progress(terminal: false);

        progress.Show(7, "WAITING_LOCKS", "db is held by run 6");
        progress.Show(7, "WAITING_LOCKS", "db is held by run 6");
        _time.Advance(TimeSpan.FromSeconds(5));
        progress.Redraw();
        progress.Show(7, "RUNNING", null);

        Assert.Equal("run 7 WAITING_LOCKS: db is held by run 6\nrun 7 RUNNING\n", _error.ToString());
    }

    [Fact]
    public void Redraw_WhenStderrIsATerminal_DrawsTheElapsedTimeOverTheOldLine()
    {
        var progress = Progress(terminal: true);

        progress.Show(7, "RUNNING", null);
        _time.Advance(TimeSpan.FromSeconds(61));
        progress.Redraw();

        Assert.EndsWith("\r\u001b[Krun 7 RUNNING (0:01:01)", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Show_WhenAReasonHoldsEscapesAndLineBreaks_KeepsThemFromTheTerminal()
    {
        Progress(terminal: false).Show(7, "FAILED", "bad\u001b[2J\nthing");

        Assert.Equal("run 7 FAILED: bad [2J thing\n", _error.ToString());
    }

    [Fact]
    public void Show_WhenTheTerminalIsNarrow_FitsTheLineIntoIt()
    {
        var progress = new ProgressLine(new CliTerminal(_output, _error, TextReader.Null, errorIsTerminal: true, errorWidth: 40), _time, quiet: false);

        progress.Show(7, "PENDING_SUBMIT", new string('x', 150));

        Assert.True(_error.ToString().Length < 40);
        Assert.EndsWith("(0:00:00)", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_WhenTheJobWroteHalfALine_DrawsNothingIntoIt()
    {
        var progress = Progress(terminal: true);
        progress.Show(7, "RUNNING", null);
        var before = _error.ToString().Length;

        progress.Write("password: "u8);
        progress.Redraw();

        Assert.Equal("\r\u001b[K", _error.ToString()[before..]);
        Assert.Equal("password: ", Encoding.UTF8.GetString(_output.ToArray()));
    }

    [Fact]
    public void Show_WhenQuiet_SaysNothing()
    {
        var progress = new ProgressLine(new CliTerminal(_output, _error, TextReader.Null, errorIsTerminal: true), _time, quiet: true);

        progress.Show(7, "RUNNING", null);
        progress.Say("stopping");
        progress.Redraw();
        progress.End();

        Assert.Empty(_error.ToString());
    }

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    private ProgressLine Progress(bool terminal) => new(new CliTerminal(_output, _error, TextReader.Null, terminal), _time, quiet: false);
}
