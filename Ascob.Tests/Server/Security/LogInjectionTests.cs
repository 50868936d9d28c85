using System.Text;
using Ascob.Server.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Server.Security;

public sealed class LogInjectionTests
{
    public static TheoryData<string> Hostile =>
    [
        "a\r\n12:00:00.000 info  Forged: root logged in",
        "a\nb",
        "a\rb",
        "\u001b[2J\u001b[31mred",
        "\u009b31m",
        "\u202eevil\u2066",
        "a\u2028b\u2029c",
        "a\u0085b\vc\fd",
        "\0\a\b",
        "zero\u200bwidth\ufeff",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void LogInjection_HostileText_StaysOnItsLine(string text)
    {
        var written = Write(text, null);

        Assert.Equal(1, written.Count(c => c == '\n'));
        Assert.EndsWith("\n", written, StringComparison.Ordinal);
        Assert.DoesNotContain(written[..^1], c => char.IsControl(c) || c is '\u202e' or '\u2066' or '\u2028' or '\u2029' or '\u200b');
    }

    [Fact]
    public void LogInjection_HostileExceptionText_CannotStartALine()
    {
        var written = Write("failed", new InvalidOperationException("x\n12:00:00.000 info  Forged: line"));

        var lines = written.TrimEnd('\n').Split('\n');
        Assert.All(lines.Skip(1), line => Assert.StartsWith("    ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void LogInjection_AThousandHostileStrings_MakeAThousandLines()
    {
        var random = new Random(17);
        var alphabet = string.Concat(Hostile.Select(h => h.Data)).ToCharArray();
        var all = new StringBuilder();
        for (var i = 0; i < 1000; i++)
        {
            all.Append(Write(new string(random.GetItems(alphabet, random.Next(1, 80))), null));
        }

        Assert.Equal(1000, all.ToString().Count(c => c == '\n'));
    }

    private static string Write(string text, Exception? exception)
    {
        var formatter = new PlainFormatter(new Options());
        using var output = new StringWriter();
        var entry = new LogEntry<string>(LogLevel.Information, "Test", default, text, exception, (s, _) => s);
        formatter.Write(in entry, null, output);
        return output.ToString();
    }

    private sealed class Options : IOptionsMonitor<PlainFormatterOptions>
    {
        public PlainFormatterOptions CurrentValue { get; } = new();

        public PlainFormatterOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<PlainFormatterOptions, string?> listener) => null;
    }
}
