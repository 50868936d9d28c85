using System.Text.Json.Nodes;
using Ascob.Core.Templates;

namespace Ascob.Tests.Core.Templates;

public sealed class TemplateTests
{
    [Fact]
    public void Names_AreWhatIsReadFromOutside()
    {
        var template = Template.Parse("{% assign a = b | append: c %}{{ a }}{% for i in list %}{{ i }}{{ forloop.index }}{{ map[key].d }}{% endfor %}{% capture t %}{{ e }}{% endcapture %}{{ t }}{% if f == g %}{% endif %}").Value!;

        Assert.Equal(["b", "c", "e", "f", "g", "key", "list", "map"], template.Names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("a {{ b | upcase }} {{ m.n }} {{ l }} {{ l | join: '+' }}", "a X d e 1 2 1+2")]
    [InlineData("{% if t %}yes{% else %}no{% endif %} {{ missing | default: 'z' }} {{ m }}", "yes z {\"n\":\"d e\"}")]
    [InlineData("no markup, } or %", "no markup, } or %")]
    [InlineData("{{ b | replace: 'x', 'yy' }}{{ n | plus: 1 }}", "yy3.5")]
    public void Render_AsText_PutsValuesInAsTheyAre(string text, string expected)
    {
        var values = new JsonObject { ["b"] = "x", ["m"] = new JsonObject { ["n"] = "d e" }, ["l"] = new JsonArray(1, 2), ["t"] = true, ["n"] = 2.5 };

        Assert.Equal(expected, Template.Parse(text).Value!.Render(values, TemplateForm.Text).Value);
    }

    [Theory]
    [InlineData("{{ a")]
    [InlineData("{% if a %}")]
    [InlineData("{% include 'x' %}")]
    [InlineData("{% render 'x' %}")]
    [InlineData("{% cycle 'a', 'b' %}")]
    [InlineData("{% for i in (1..1000000000) %}{% endfor %}")]
    [InlineData("{{ a | }}")]
    [InlineData("{{ a | nosuchfilter }}")]
    public void Parse_OfWhatIsBrokenOrHasNoBound_SaysWhatIsWrong(string text)
    {
        var result = Template.Parse(text);

        Assert.False(result.IsSuccess);
        Assert.NotEmpty(result.Error.Message);
    }

    [Fact]
    public void Parse_OfABrokenTag_NamesItsLine() =>
        Assert.StartsWith("line 3", Template.Parse("a\nb\n{% nonsense %}").Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void Render_OfLoopsWithinLoops_NamesTheBoundOfStatements()
    {
        var list = new JsonArray([.. Enumerable.Range(0, 40).Select(i => JsonValue.Create(i))]);

        var result = Template.Parse("{% for i in l %}{% for j in l %}{% for k in l %}{{ k }}{% endfor %}{% endfor %}{% endfor %}").Value!.Render(new JsonObject { ["l"] = list }, TemplateForm.Text);

        Assert.Equal("The template carries out more than 10000 statements, which is too much work; in a 'for', and in one within another, each round counts.", result.Error?.Message);
    }

    [Theory]
    [InlineData("{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in l %}{% assign x = x | append: x %}{% endfor %}{{ x }}")]
    [InlineData("{% for i in l %}{% for j in l %}{% for k in l %}{% for m in l %}{{ m }}{% endfor %}{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData("{% assign x = l | join: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}{% assign y = x | append: x | append: x | append: x %}{{ y | replace: 'a', y }}")]
    [InlineData("{{ 1 | divided_by: 0 }}")]
    public void Render_OfWhatGrowsOrFails_EndsWithAReason(string text)
    {
        var list = new JsonArray([.. Enumerable.Range(0, 40).Select(i => JsonValue.Create(i))]);

        var result = Template.Parse(text).Value!.Render(new JsonObject { ["l"] = list }, TemplateForm.Text);

        Assert.False(result.IsSuccess);
        Assert.NotEmpty(result.Error.Message);
    }

    [Fact]
    public void Parse_OfDeepOrLongMarkup_IsRefusedBeforeTheParserCallsItselfTooOften()
    {
        Assert.Contains("deep", Template.Parse(string.Concat(Enumerable.Repeat("{% if a %}", 6000))).Error!.Message, StringComparison.Ordinal);
        Assert.Contains("longer", Template.Parse("{{ " + new string('[', 60000) + " }}").Error!.Message, StringComparison.Ordinal);
        Assert.Contains("longer", Template.Parse("{% if a" + string.Concat(Enumerable.Repeat(" and a", 9000)) + " %}{% endif %}").Error!.Message, StringComparison.Ordinal);
        Assert.Contains("at most", Template.Parse("{{ a }}" + new string('x', TemplateLimits.Text)).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arrays_KeepEachItemOneItemAndSpreadLists()
    {
        var values = new JsonObject { ["v"] = "\",\"injected", ["list"] = new JsonArray("a", "b c") };

        var text = TemplateArrays.Render("""["--name={{ v }}", "{{ list }}", "all: {{ list }}"]""", new TemplateInput(values)).Value!;

        Assert.Equal(["--name=\",\"injected", "a", "b c", "all: a b c"], System.Text.Json.JsonSerializer.Deserialize<string[]>(text)!);
        Assert.Null(TemplateArrays.Items("{{ v }}"));
        Assert.Null(TemplateArrays.Items("[1]"));
    }
}
