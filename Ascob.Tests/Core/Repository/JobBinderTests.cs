using System.Diagnostics;
using System.Text.Json;
using Ascob.Core.Errors;
using Ascob.Core.Repository;

namespace Ascob.Tests.Core.Repository;

/// <summary>Commands with values, as a real shell takes them.</summary>
public sealed class JobBinderTests
{
    private const string Show = "printf '[%s]\\n'";

    public static TheoryData<string> HostileValues =>
    [
        "; rm x", "$(id)", "`id`", "a b", "", " ", "'", "\"", "'; id; '", "\"; id; \"", "${HOME}", "$HOME", "\\", "\\\\n", "a\nb", "*", "?", "~", "#", "# x", "-n", "--", "!!", "&", "|", ">x", "<x", "%s", "$((1+1))",
        "'\"'\"'", "\t", "é ü 🙂", "{{ x }}", "%%RUNID%%", ")", "(", "EOF", "a\nEOF\nid\n", "\u001b[31m",
    ];

    [Theory]
    [MemberData(nameof(HostileValues))]
    public async Task ABareVariable_IsOneWordWhateverItHolds(string value) => Assert.Equal($"[{value}]\n", await RunAsync(Show + " {{ x }}", value));

    [Theory]
    [MemberData(nameof(HostileValues))]
    public async Task AVariableWithinQuotes_StaysText(string value)
    {
        Assert.Equal($"[a {value} b]\n", await RunAsync(Show + " \"a {{ x }} b\"", value));
        Assert.Equal($"[a {value} b]\n", await RunAsync(Show + " 'a {{ x }} b'", value));
        Assert.Equal($"[a{value}b]\n", await RunAsync(Show + " a{{ x }}b", value));
    }

    [Theory]
    [MemberData(nameof(HostileValues))]
    public async Task AVariableInDeeperPlaces_StaysText(string value)
    {
        Assert.Equal($"{value.TrimEnd('\n')}\n", await RunAsync("cat <<EOF\n{{ x }}\nEOF", value.TrimEnd('\n')));
        Assert.Equal($"[{value.TrimEnd('\n')}]\n", await RunAsync(Show + " \"$(printf %s {{ x }})\"", value.TrimEnd('\n')));
        Assert.Equal($"[{value}]\n", await RunAsync("if true; then # {{ x }}\n V={{ x }}; " + Show + " \"$V\"; fi", value));
        Assert.Equal($"[{value}]\n", await RunAsync("(" + Show + " {{ x }})", value));
    }

    [Theory]
    [MemberData(nameof(HostileValues))]
    public async Task AVariableThatDoesNotOccur_IsAppendedAsAWord(string value)
    {
        Assert.Equal($"[a]\n[{value}]\n", await RunAsync(Show + " a", value));
        Assert.Equal($"[a]\n[--x]\n[{value}]\n", await RunAsync(Show + " a\n", value, "option: yes"));
    }

    [Theory]
    [MemberData(nameof(HostileValues))]
    public async Task AVariableAfterAContinuedLine_StaysText(string value)
    {
        Assert.Equal($"[a#{value}]\n", await RunAsync(Show + " a\\\n#{{ x }}", value));
        Assert.Equal($"[a]\n[{value}]\n", await RunAsync(Show + " a \\\n  {{ x }}", value));
        Assert.Equal("[a]\n", await RunAsync(Show + " a \\\n# {{ x }}", value));
        Assert.Equal($"[{value}]\n", await RunAsync(Show + " \"\\\n{{ x }}\"", value));
        Assert.Equal($"[{value.TrimEnd('\n')}]\n", await RunAsync(Show + " \"$\\\n(printf %s {{ x }})\"", value));
        Assert.Equal($"{value.TrimEnd('\n')}\n", await RunAsync("cat <\\\n<E\\\nOF\n{{ x }}\nEOF", value.TrimEnd('\n')));
        Assert.Equal($"a EOF\n{value.TrimEnd('\n')}\n", await RunAsync("cat <<EOF\na \\\nEOF\n{{ x }}\nEOF", value.TrimEnd('\n')));
        Assert.Equal($"[\\\n{value}]\n", await RunAsync(Show + " '\\\n{{ x }}'", value));
    }

    [Theory]
    [InlineData("echo \\{{ x }}", "backslash")]
    [InlineData("cat <\\\n<'EOF'\n{{ x }}\nEOF", "puts nothing in")]
    [InlineData("cat <<\\\n'EOF'\n{{ x }}\nEOF", "puts nothing in")]
    [InlineData("echo $\\\n'{{ x }}'", "puts nothing in")]
    [InlineData("echo $\\\n((1 + {{ x }}))", "arithmetic")]
    [InlineData("echo $(\\\n(1 + {{ x }}))", "arithmetic")]
    public void AVariableWhereNothingIsPutIn_IsRefusedAlsoBehindAContinuedLine(string command, string reason) =>
        Assert.Contains(reason, JobFiles.Error("- command: " + JsonSerializer.Serialize(command) + "\n  vars: [{name: x}]").Message, StringComparison.Ordinal);

    [Fact]
    public async Task Variables_AreAppendedInTheOrderOfTheirDeclaration()
    {
        const string vars = "[{name: one}, {name: some_opt, option: yes}, {name: flag, type: bool, option: yes}, {name: off, type: bool, option: yes}, {name: absent}, {name: bare, type: bool}]";

        var output = await RunFileAsync($"- command: \"{Show.Replace("\\", "\\\\")}\"\n  vars: {vars}", """{"bare": true, "off": false, "flag": true, "some_opt": "b c", "one": 1}""");

        Assert.Equal("[1]\n[--some-opt]\n[b c]\n[--flag]\n[true]\n", output);
    }

    [Fact]
    public async Task Lists_AreSeveralWords()
    {
        const string vars = "[{name: hosts, type: seq}, {name: tags, type: set, option: true}]";

        var output = await RunFileAsync($"- command: \"{Show.Replace("\\", "\\\\")} -- {{{{ hosts }}}} | sort -r | cat; {Show.Replace("\\", "\\\\")}\"\n  vars: {vars}", """{"hosts": ["a b", "$(id)", 3, {"k": [1]}], "tags": ["x", "y z"]}""");

        Assert.Equal("[a b]\n[{\"k\":[1]}]\n[3]\n[$(id)]\n[--tags]\n[x]\n[y z]\n".Split('\n').Order(), output.Split('\n').Where(l => l != "[--]").Order());
    }

    [Fact]
    public async Task RawValues_AreReadByTheShell() => Assert.Equal("[a]\n[b]\n", await RunAsync(Show + " {{ x | raw }}", "a b"));

    [Fact]
    public async Task DefaultsOfTheTemplate_HoldWhereNothingIsGiven()
    {
        var job = "- command: \"printf '%s' {{ a | default('x y') }}{{ b | default: 5 }}{{ c | default('') }}{{ '{{' }}\"\n  vars: [{name: a}, {name: b, type: int}, {name: c}]";

        Assert.Equal("x y5{{", await RunFileAsync(job, "{}"));
        Assert.Equal("z5{{", await RunFileAsync(job, """{"a": "z"}"""));
    }

    [Theory]
    [InlineData("int", "12345678901234567890123", "12345678901234567890123")]
    [InlineData("int", "\"-0x1f\"", "-31")]
    [InlineData("int", "\"1_000\"", "1000")]
    [InlineData("int", "1.5", null)]
    [InlineData("int", "\"1; id\"", null)]
    [InlineData("int", "true", null)]
    [InlineData("float", "1.5e3", "1.5e3")]
    [InlineData("float", "\".inf\"", "inf")]
    [InlineData("float", "7", "7")]
    [InlineData("float", "\"x\"", null)]
    [InlineData("bool", "true", "true")]
    [InlineData("bool", "\"No\"", "false")]
    [InlineData("bool", "1", null)]
    [InlineData("timestamp", "\"2026-01-31T12:00:00+02:00\"", "2026-01-31T10:00:00Z")]
    [InlineData("timestamp", "\"2026-01-31\"", "2026-01-31")]
    [InlineData("timestamp", "\"2026-02-30\"", null)]
    [InlineData("timestamp", "5", null)]
    [InlineData("binary", "\"aGk=\"", "aGk=")]
    [InlineData("binary", "\"aGk\"", null)]
    [InlineData("null", "null", "")]
    [InlineData("null", "\"~\"", "")]
    [InlineData("null", "5", null)]
    [InlineData("str", "5", "5")]
    [InlineData("str", "null", null)]
    [InlineData("str", "[]", null)]
    [InlineData("map", "{\"a\": [1, null]}", "{\"a\":[1,null]}")]
    [InlineData("map", "[]", null)]
    [InlineData("seq", "[1, \"b\"]", "[1,\"b\"]")]
    [InlineData("seq", "5", null)]
    [InlineData("set", "[1, 2]", "[1,2]")]
    [InlineData("set", "{\"a\": null}", "[\"a\"]")]
    [InlineData("set", "[1, 1]", null)]
    [InlineData("omap", "[{\"b\": 1}, {\"a\": 2}]", "[[\"b\",1],[\"a\",2]]")]
    [InlineData("omap", "{\"b\": 1, \"a\": 2}", "[[\"b\",1],[\"a\",2]]")]
    [InlineData("omap", "[{\"b\": 1}, {\"b\": 2}]", null)]
    [InlineData("pairs", "[[\"b\", 1], {\"b\": 2}]", "[[\"b\",1],[\"b\",2]]")]
    [InlineData("pairs", "[[1, 2, 3]]", null)]
    [InlineData("enum", "\"east\"", "east")]
    [InlineData("enum", "\"north\"", null)]
    [InlineData("enum", "true", "yes")]
    [InlineData("str", "\"a\\u0000b\"", null)]
    [InlineData("str", "\"\\ud800\"", null)]
    [InlineData("map", "{\"\\ud800\": 1}", null)]
    [InlineData("set", "{\"\\ud800\": null}", null)]
    [InlineData("omap", "{\"\\ud800\": 1}", null)]
    [InlineData("pairs", "[{\"\\ud800\": 1}]", null)]
    public void AValue_IsCheckedAndConvertedByItsType(string type, string json, string? expected)
    {
        var job = JobFiles.Job($"- vars:\n  - name: x\n    type: {type}\n" + (type == "enum" ? "    values: [east, west, yes]\n" : string.Empty));

        var bound = Bind(job, $$"""{"x": {{json}}}""");

        if (expected is null)
        {
            Assert.Equal(ErrorKind.Invalid, bound.Error?.Kind);
            Assert.Equal(["vars.x"], bound.Error!.Fields!.Keys);
        }
        else
        {
            Assert.Equal(expected, bound.Value!.Environment["OVERSEER_VAR_X"]);
        }
    }

    [Fact]
    public void Bind_WhenValuesAreUnknownOrMissing_NamesAllOfThem()
    {
        var job = JobFiles.Job("- command: echo {{ a }}\n  vars: [{name: a}, {name: b, type: int}]");

        var error = Bind(job, """{"b": "x", "c": 1}""").Error;

        Assert.Equal(["vars.a", "vars.b", "vars.c"], error!.Fields!.Keys.Order());
    }

    [Fact]
    public void Bind_WhenANameIsNoText_IsRefused() =>
        Assert.Equal(["vars"], Bind(JobFiles.Job("- vars: [{name: a}]"), "{\"\\ud800\": 1}").Error!.Fields!.Keys);

    [Fact]
    public void Bind_WhenAForm_ReadsTextsListsAndJson()
    {
        var job = JobFiles.Job("- vars: [{name: n, type: int}, {name: l, type: seq}, {name: m, type: map}, {name: s, type: set}, {name: t}]");

        var bound = JobBinder.Bind(job, [Field("n", "7"), Field("l", "a", "b"), Field("m", """{"k": 1}"""), Field("s", "[1, 2]"), Field("t", "[1]")]);

        Assert.Equal(("7", "[\"a\",\"b\"]", "{\"k\":1}", "[1,2]", "[1]"), (
            bound.Value!.Environment["OVERSEER_VAR_N"], bound.Value.Environment["OVERSEER_VAR_L"], bound.Value.Environment["OVERSEER_VAR_M"], bound.Value.Environment["OVERSEER_VAR_S"], bound.Value.Environment["OVERSEER_VAR_T"]));
        Assert.Equal(["vars.m", "vars.n"], JobBinder.Bind(job, [Field("n", "7", "8"), Field("m", "x")]).Error!.Fields!.Keys.Order());
    }

    private static KeyValuePair<string, IReadOnlyList<string>> Field(string name, params string[] values) => new(name, values);

    private static Result<BoundJob> Bind(RepositoryJob job, string json)
    {
        using var document = JsonDocument.Parse(json);
        return JobBinder.Bind(job, document.RootElement);
    }

    private static Task<string> RunAsync(string command, string value, string more = "type: str")
    {
        var file = "- command: " + JsonSerializer.Serialize(command) + "\n  vars:\n  - name: x\n    " + more;
        return RunFileAsync(file, JsonSerializer.Serialize(new Dictionary<string, string> { ["x"] = value }));
    }

    private static async Task<string> RunFileAsync(string file, string json)
    {
        var bound = Bind(JobFiles.Job(file), json);
        Assert.True(bound.IsSuccess, bound.Error?.Fields?.First().ToString());
        var start = new ProcessStartInfo("/bin/sh", ["-c", bound.Value.Command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, text) in bound.Value.Environment)
        {
            start.Environment[name] = text;
        }

        using var shell = Process.Start(start)!;
        var errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(string.Empty, await errors);
        return output;
    }
}
