using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Ascob.Core.Repository;

namespace Ascob.Tests.Core.Repository;

/// <summary>Files that want to harm whoever reads them.</summary>
public sealed class HostileFileTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public void Read_WhenAliasesExplode_StopsBeforeTheyDo()
    {
        var bomb = new StringBuilder("- env:\n    a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (var c = 'b'; c <= 'j'; c++)
        {
            bomb.Append($"    {c}: &{c} [{string.Join(", ", Enumerable.Repeat($"*{(char)(c - 1)}", 10))}]\n");
        }

        var error = Quickly(() => JobFiles.Error(bomb.ToString()));

        Assert.Contains("50000", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Line ?? 0, 5, 7);
    }

    [Fact]
    public void Read_WhenAnAliasNamesWhatItStandsIn_IsRefused() => Assert.Contains("names nothing", JobFiles.Error("- env: &a {b: *a}").Message, StringComparison.Ordinal);

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    [InlineData('-')]
    public void Read_WhenNestedWithoutEnd_StopsSoon(char open) =>
        Assert.NotEmpty(Quickly(() => JobFiles.Read(string.Concat(Enumerable.Repeat(open == '-' ? "- " : open.ToString(), 200_000)))).Errors);

    [Fact]
    public void Read_WhenJsonIsNestedWithoutEnd_StopsSoon() => Assert.Contains("depth", Quickly(() => JobFiles.Error(new string('[', 900_000), "a.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_WhenLargerThanAMegabyte_IsNotRead()
    {
        var error = JobFiles.Error(new string('#', (1024 * 1024) + 1));

        Assert.Null(error.Line);
        Assert.Contains("1048576", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenAMegabyteOfEntries_SaysSoOnce()
    {
        var file = Quickly(() => JobFiles.Read("- env:\n" + string.Concat(Enumerable.Range(0, 60_000).Select(i => $"    V{i}: x\n"))));

        Assert.Contains("50000", Assert.Single(file.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenAMegabyteOfMistakes_NamesAHundred() =>
        Assert.Equal(101, Quickly(() => JobFiles.Read("- name: a\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"  v{i}: x\n")))).Errors.Count);

    [Fact]
    public void Read_WhenNotText_SaysWhere()
    {
        var file = JobFileReader.Read("a.yml", [(byte)'a', (byte)'\n', 0xff, 0xfe], new NoScripts());
        var nul = JobFileReader.Read("a.yml", [(byte)'a', (byte)'\n', 0], new NoScripts());

        Assert.Equal((2, "The file is not UTF-8."), (file.Errors[0].Line, file.Errors[0].Message));
        Assert.Equal(2, nul.Errors[0].Line);
    }

    /// <summary>Lines of a command that are made to keep a reader busy.</summary>
    public static TheoryData<string> BusyLines =>
    [
        "echo {{ x |" + string.Concat(Enumerable.Repeat("a    |", 24)) + " }}",
        "echo {{ x |" + string.Concat(Enumerable.Repeat("    |", 5_000)) + " }}",
        "echo {{ x | default('" + string.Concat(Enumerable.Repeat("a b ", 5_000)) + "' }}",
        "echo {{ '" + new string(' ', 20_000) + " }}",
        .. new[] { "read $(", "let $(", "$[", "${a[", "${a:", "[[ ", "((", "[a", "if let ", "export a", "$((", "printf -v $(", "read \";", "{{ x }}", "[ -v ", "<<E " }
            .Select(piece => string.Concat(Enumerable.Repeat(piece, 31_000 / piece.Length))),
    ];

    [Theory]
    [MemberData(nameof(BusyLines))]
    public async Task Read_WhenALineIsMadeToKeepTheReaderBusy_IsReadSoon(string command)
    {
        var file = JsonSerializer.Serialize(new[] { new { command, vars = new[] { new { name = "x" } } } });

        // Not waited for where it never ends.
        var read = await Task.Run(() => JobFiles.Read(file, "a.json"), TestContext.Current.CancellationToken).WaitAsync(Soon, TestContext.Current.CancellationToken);

        Assert.All(read.Errors, e => Assert.Equal(1, e.Line));
    }

    [Fact]
    public void Read_WhenFiltersAreWrong_SaysWhere() =>
        Assert.Contains("is not understood", JobFiles.Error("- vars: [{name: x}]\n  command: \"echo {{ x |a    |a    | }}\"").Message, StringComparison.Ordinal);

    private static T Quickly<T>(Func<T> read)
    {
        var begun = Stopwatch.GetTimestamp();
        var result = read();
        Assert.True(Stopwatch.GetElapsedTime(begun) < Soon, $"It took {Stopwatch.GetElapsedTime(begun)}.");
        return result;
    }

    private sealed class NoScripts : IScriptFinder
    {
        public string? Problem(string path) => null;
    }
}
