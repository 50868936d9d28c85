using System.Text;
using Ascob.Core.Kuroko2;
using CsCheck;

namespace Ascob.Tests.Core.Kuroko2;

public sealed class ScriptParserTests
{
    private static readonly string[] TypeNames = ["noop", "execute", "echo", "env", "a_1", "Sequence", "0"];
    private static readonly Gen<string> Types = Gen.Int[0, TypeNames.Length - 1].Select(i => TypeNames[i]);

    // No '#', quotes or backslashes: what those do is said in tests of their own.
    private static readonly Gen<string> Options = Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char[" =%{é:$."])];

    [Fact]
    public void Kuroko2_behaviour_1_two_tasks_are_two_roots_with_their_addresses()
    {
        var script = Parse("noop:\nnoop:\n");

        Assert.Equal(["/0-noop", "/1-noop"], script.Tasks.Select(t => t.Path));
    }

    [Theory]
    [InlineData("noop:\n  echo: a\n  echo: b\nnoop:")]
    [InlineData("noop:\r\n\techo: a\r\n\techo: b\r\nnoop:\r\n")]
    [InlineData("   noop:\n        echo: a\n        echo: b\n   noop:")]
    [InlineData("\n# first\nnoop: # what\n \n  # indented\n  echo: a\n# back\n  echo: b # more\nnoop: ignored")]
    public void Kuroko2_behaviour_2_children_stand_between_their_parent_and_its_next_sibling(string text)
    {
        var script = Parse(text);

        Assert.Equal(["/0-noop", "/0-noop/0-echo", "/0-noop/1-echo", "/1-noop"], script.InOrder.Select(t => t.Path));
        Assert.Equal(["a", "b"], script.InOrder.Where(t => t.Type == "echo").Select(t => t.Option));
    }

    [Theory]
    [InlineData("noop:\nexecute ./run", 2)]
    [InlineData("execute", 1)]
    [InlineData("\n\n: x", 3)]
    [InlineData("run-it: x", 1)]
    [InlineData("exécute: x", 1)]
    [InlineData("noop:\r\n\r\n!\r\n", 3)]
    public void Kuroko2_behaviour_3_a_line_that_is_no_task_is_refused_with_its_number(string text, int line)
    {
        var fault = Assert.Single(ParsedScript.Parse(text).Faults);

        Assert.Equal(line, fault.Line);
        Assert.Contains($"line {line}:", fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("noop:\n    noop:\n  noop:", 3)]
    [InlineData("  noop:\nnoop:", 2)]
    [InlineData("noop:\n  noop:\n      noop:\n    noop:", 4)]
    public void Kuroko2_behaviour_4_a_dedent_to_an_indentation_that_is_not_open_is_refused(string text, int line)
    {
        Assert.Equal(line, Assert.Single(ParsedScript.Parse(text).Faults).Line);
    }

    [Theory]
    [InlineData("execute: echo a # b", "echo a")]
    [InlineData("execute: echo 'a # b'", "echo 'a # b'")]
    [InlineData("execute: echo \"a # b\" # c", "echo \"a # b\"")]
    [InlineData("execute: curl http://host/#part", "curl http://host/#part")]
    [InlineData("execute: echo $# a\\ #b", "echo $# a\\ #b")]
    [InlineData("execute:#nothing", null)]
    [InlineData("execute: # nothing", null)]
    [InlineData("echo: it's fine # really", "it's fine")]
    [InlineData("echo: \"a \\\" # b\" # c", "\"a \\\" # b\"")]
    [InlineData("env: A='it\\'s # in' # out", "A='it\\'s # in'")]
    [InlineData("execute:   spaced \t", "spaced")]
    [InlineData("execute:tight", "tight")]
    public void Kuroko2_behaviour_6_comments_end_an_option_and_quotes_keep_a_hash(string text, string? option)
    {
        Assert.Equal(option, Assert.Single(Parse(text).Tasks).Option);
    }

    [Fact]
    public void What_is_too_large_or_broken_is_refused_and_not_read()
    {
        Assert.Contains("bytes", Assert.Single(ParsedScript.Parse("echo: " + new string('é', 40_000)).Faults).Message, StringComparison.Ordinal);
        Assert.Equal(1_001, Assert.Single(ParsedScript.Parse(string.Concat(Enumerable.Repeat("noop:\n", 3_000))).Faults).Line);
        Assert.Equal(50, ParsedScript.Parse(string.Concat(Enumerable.Repeat("?\n", 3_000))).Faults.Count);
        Assert.Contains("NUL", Assert.Single(ParsedScript.Parse("echo: a\0b").Faults).Message, StringComparison.Ordinal);
        Assert.Contains("control", Assert.Single(ParsedScript.Parse("echo: a\u001bb").Faults).Message, StringComparison.Ordinal);
        Assert.Contains("surrogate", Assert.Single(ParsedScript.Parse("echo: a\ud800").Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deep_tree_is_read_and_written_without_a_deep_stack()
    {
        var text = string.Concat(Enumerable.Range(0, 200).Select(i => new string(' ', i) + "a:\n"));

        var script = Parse(text);

        Assert.Equal(200, script.InOrder.Count());
        Assert.Equal(script.InOrder.Select(t => t.Path), ParsedScript.Parse(ScriptTask.ToText(script.Tasks)).InOrder.Select(t => t.Path));
    }

    // Whatever the width of each indentation, and whatever blank lines and comments lie between: the tree is the one that was written.
    [Fact]
    public void A_written_tree_is_read_as_it_was()
    {
        var depths = Gen.Int[0, 5].List[1, 30];
        Gen.Select(depths, Gen.Int[1, 7].List[6], Gen.Select(Types, Options).List[30], Gen.Int[0, 4].List[30], Gen.Bool).Sample((levels, widths, tasks, noise, windows) =>
        {
            var text = new StringBuilder();
            var expected = new List<(int Level, string Type, string Option)>();
            var level = -1;
            for (var i = 0; i < levels.Count; i++)
            {
                level = Math.Min(levels[i], level + 1);
                Noise(text, noise[i]);
                text.Append(' ', widths.Take(level).Sum()).Append(tasks[i].Item1).Append(": ").Append(tasks[i].Item2).Append(noise[i] == 4 ? " # it's a comment" : string.Empty)
                    .Append(windows ? "\r\n" : "\n");
                expected.Add((level, tasks[i].Item1, tasks[i].Item2.Trim(' ')));
            }

            var script = Parse(text.ToString());

            Assert.Equal(expected, script.InOrder.Select(t => (t.Path.Count(c => c == '/') - 1, t.Type, t.Option ?? string.Empty)));
            Assert.All(script.InOrder, t => Assert.StartsWith(t.Type, text.ToString().Split('\n')[t.Line - 1].Trim(), StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Any_text_is_read_or_refused_at_one_of_its_lines_and_its_canonical_form_means_the_same()
    {
        var text = Gen.String[Gen.OneOf(Gen.Char, Gen.Char["\n\r \t#:\"'\\a\0\ud800"])];
        text.Sample(
            t =>
            {
                var script = ParsedScript.Parse(t);

                Assert.All(script.Faults, f => Assert.InRange(f.Line, 1, t.Split('\n').Length));
                if (script.Faults.Count == 0)
                {
                    var again = Parse(ScriptTask.ToText(script.Tasks));
                    Assert.Equal(script.InOrder.Select(x => (x.Path, x.Option)), again.InOrder.Select(x => (x.Path, x.Option)));
                }
            },
            iter: 20_000);
    }

    private static ParsedScript Parse(string text)
    {
        var script = ParsedScript.Parse(text);
        Assert.Empty(script.Faults);
        return script;
    }

    private static void Noise(StringBuilder text, int kind) => text.Append(kind switch
    {
        1 => "\n",
        2 => "   \t \n",
        3 => "          # an indented comment: noop\n",
        _ => string.Empty,
    });
}
