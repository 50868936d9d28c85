using System.Diagnostics;
using System.Text.Json.Nodes;
using Ascob.Core.Templates;

namespace Ascob.Tests.Core.Templates;

/// <summary>Values in shell commands, as a real shell reads them.</summary>
public sealed class ShellTemplateTests
{
    private static readonly string[] Hostile =
    [
        string.Empty, " ", "a b", "'", "''", "'\\''", "\"", "\\", "\\\\", "\\'", "$", "$HOME", "${HOME}", "$(id)", "`id`", "; rm x", "&& id", "| id", "a\nb", "\n", "\t", "#", "# x", "a#b", "*", "?", "[a]", "~",
        "~root", "!", "!!", "-n", "--", "(", ")", "((1))", "{a,b}", "<x", ">x", "<<EOF", "%s", "%%RUNID%%", "{{ v }}", "{% raw %}", "é漢😀", "a'b\"c`d$e\\f", "$'\\x41'", "\r\n", "=", "x=1", "2", "PATH", "case", "done", "case x in", "esac", "\u00a0",
    ];

    public static TheoryData<string> Templates =>
    [
        "printf %s {{ v }}",
        "printf %s \"{{ v }}\"",
        "printf %s '{{ v }}'",
        "printf %s \"$(printf %s {{ v }}; printf x)\"",
        "printf %s \"`printf x`{{ v }}\"",
        "x={{ v }}; printf %s \"$x\" # it's a comment\nprintf %s \"{{ v }}\"",
        "printf %s a\\ \\'{{ v }}\"${HOME}\"'$(id)'",
        "{% assign w = v %}{% capture c %}{{ w }}{% endcapture %}printf %s {{ c }}",
        "{% if v == '' %}printf %s none{{ v }}{% else %}printf %s {{ v | append: '' }}{% endif %}",
        "(printf %s {{ v }}; printf %s $((1 + 2))) && printf %s {{ v }}",
        "printf %s {{ v }}>&1",
        "a\\\nb={{ v }}; printf %s \"$ab\" \\\n  {{ v }}",
        "printf %s a\\\n#{{ v }} \"x\\\n{{ v }}\" 'x\\\n{{ v }}'",
        "printf %s \"$\\\n(printf %s {{ v }}; printf x)\"",
        "case x in x) printf %s {{ v }};; esac; printf %s '{{ v }}'",
    ];

    [Theory]
    [MemberData(nameof(Templates))]
    public async Task Render_WithAnyValue_PutsItInAsTextAndRunsNothingOfIt(string template)
    {
        var parsed = Parse(template);
        foreach (var value in Hostile)
        {
            var expected = await RunAsync(Parse(template.Replace("{{ v }}", "MARK", StringComparison.Ordinal).Replace("{{ w }}", "MARK", StringComparison.Ordinal).Replace("{{ c }}", "MARK", StringComparison.Ordinal)
                .Replace("{{ v | append: '' }}", "MARK", StringComparison.Ordinal)).Render(Values(value), TemplateForm.Shell).Value!);
            var actual = await RunAsync(parsed.Render(Values(value), TemplateForm.Shell).Value!);

            // The end of a substitution loses line breaks whatever stands there.
            Assert.Equal(expected.Replace("MARK", value, StringComparison.Ordinal), actual);
        }
    }

    [Theory]
    [InlineData("echo # {{ v }}", "a comment")]
    [InlineData("cat <<EOF\n{{ v }}\nEOF", "here-document")]
    [InlineData("echo `printf %s {{ v }}`", "`…`")]
    [InlineData("echo ${x:-{{ v }}}", "${…}")]
    [InlineData("echo $(( {{ v }} + 1 ))", "((…))")]
    [InlineData("echo $'{{ v }}'", "$'…'")]
    [InlineData("echo $'a\\' {{ v }}", "$'…'")]
    [InlineData("cmd a \\\n# note {{ v }}", "a comment")]
    [InlineData("echo $\\\n{{ v }}", "right after a $")]
    [InlineData("cat <\\\n<EOF\n{{ v }}\nEOF", "here-document")]
    [InlineData("echo $\\\n'{{ v }}'", "$'…'")]
    [InlineData("echo $\\\n(( {{ v }} + 1 ))", "((…))")]
    [InlineData("echo $(\\\n( {{ v }} + 1 ))", "((…))")]
    [InlineData("echo ${\\\nx:-{{ v }}}", "${…}")]
    [InlineData("echo $(ca\\\nse a in a) echo;; esac; echo \"{{ v }}\")", "case")]
    [InlineData("cat <# {{ v }}", "a comment")]
    [InlineData("echo \\{{ v }}", "backslash")]
    [InlineData("echo \"\\{{ v }}\"", "backslash")]
    [InlineData("echo ${{ v }}", "right after a $")]
    [InlineData("echo \"${{ v }}\"", "right after a $")]
    [InlineData("echo $(case a in a) echo;; esac; echo \"{{ v }}\")", "case")]
    [InlineData("echo ${x:-\"a}\"} {{ v }}", "${…}")]
    [InlineData("[[ {{ v }} -eq 3 ]]", "bash evaluates it")]
    [InlineData("echo $[ {{ v }} ]", "bash evaluates it")]
    [InlineData("let n={{ v }}", "bash evaluates it")]
    [InlineData("let \"n={{ v }}\"", "bash evaluates it")]
    [InlineData("printf -v {{ v }} x", "bash evaluates it")]
    [InlineData("a[{{ v }}]=1", "bash evaluates it")]
    [InlineData("declare -i n; n='{{ v }}'", "bash evaluates it")]
    [InlineData("2>/dev/null read {{ v }}", "bash evaluates it")]
    [InlineData("declare -n r={{ v }}", "bash evaluates it")]
    [InlineData("RANDOM={{ v }}", "bash evaluates it")]
    [InlineData("echo x >&{{ v }}", "bash evaluates it")]
    [InlineData("\"printf\" -v {{ v }} x", "bash evaluates it")]
    [InlineData("echo '{{ v }}", "ends inside '…'")]
    [InlineData("echo \"{{ v }}", "ends inside \"…\"")]
    [InlineData("echo $({{ v }}", "ends inside $(…)")]
    public void Render_WhereNoQuotingHolds_RefusesTheValue(string template, string reason)
    {
        var result = Parse(template).Render(Values("x"), TemplateForm.Shell);

        Assert.False(result.IsSuccess);
        Assert.Contains(reason, result.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Render_WithAList_MakesAWordOfEachItemAndNoneOfAnEmptyOne()
    {
        var template = Parse("for x in {{ list }} {{ none }}; do printf '<%s>' \"$x\"; done; printf '<%s>' \"{{ list }}\"");

        var command = template.Render(new JsonObject { ["list"] = new JsonArray("a b", "", "$(id)"), ["none"] = new JsonArray() }, TemplateForm.Shell).Value!;

        Assert.Equal("<a b><><$(id)><a b  $(id)>", await RunAsync(command));
    }

    [Fact]
    public async Task Render_WithNothing_KeepsThePlaceOfTheArgument()
    {
        var command = Parse("printf '<%s>' {{ missing }} {{ no }} {{ flag }} {{ number }} {{ map }}").Render(
            new JsonObject { ["no"] = null, ["flag"] = false, ["number"] = JsonNode.Parse("123456789012345678901234567890"), ["map"] = new JsonObject { ["a"] = "b'c" } },
            TemplateForm.Shell).Value!;

        Assert.Equal("<><><false><123456789012345678901234567890><{\"a\":\"b'c\"}>", (await RunAsync(command)).Replace("\\u0027", "'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Render_WithTheRawFilter_PutsTheValueInAsItIs()
    {
        var command = Parse("printf %s {{ v | raw }}").Render(Values("a;printf b"), TemplateForm.Shell).Value!;

        Assert.Equal("ab", await RunAsync(command));
    }

    private static JsonObject Values(string value) => new() { ["v"] = value };

    private static Template Parse(string text)
    {
        var parsed = Template.Parse(text);
        Assert.True(parsed.IsSuccess, parsed.Error?.Message);
        return parsed.Value;
    }

    private static async Task<string> RunAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var text = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(string.Empty, await errors);
        return text;
    }
}
