using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ascob.Core.Definitions;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Core.Templates;

/// <summary>The templates of one job cost the server no more than a moment, however many there are and whatever they do.</summary>
public sealed class TemplateWorkTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(8);

    [Theory]
    [InlineData("{% for a in l %}{% assign s = l | join: ',' %}{% assign t = s | split: ',' | sort | reverse | uniq | join: ',' %}{% endfor %}")]
    [InlineData("{% for a in l %}{% for b in l %}{% endfor %}{% endfor %}")]
    [InlineData("{% for a in l %}{% if text == same %}{% endif %}{% if text contains needle %}{% endif %}{% endfor %}")]
    [InlineData("{% for a in l %}{% case text %}{% when same %}{% endcase %}{% endfor %}")]
    [InlineData("{% for a in l %}{{ l | size }}{{ text | split: needle | size }}{% endfor %}")]
    [InlineData("{% for a in l %}{% capture c %}{{ text }}{% endcapture %}{% endfor %}")]
    [InlineData("{{ o | uniq | size }}{{ o | sort: 'k' | uniq | size }}{{ o | uniq | reverse | uniq | sort | uniq | size }}")]
    public async Task Templates_WhoseWorkIsTooMuch_AreRefusedInAMomentWithASentenceOfOurOwn(string template)
    {
        var values = Values();

        var rendered = await WithinAsync(() => JobTemplate.Render(new JobSpec { Description = template }, values));

        Assert.False(rendered.IsSuccess);
        var (field, messages) = Assert.Single(rendered.Error.Fields!);
        Assert.Equal("jobSpec.description", field);
        Assert.DoesNotContain("recursion", messages[0], StringComparison.Ordinal);
        Assert.Contains("work", messages[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyTemplates_ShareOneBudget()
    {
        var values = Values();
        var template = "{% for a in l %}{% if text == same %}{% endif %}{% if forloop.index == 3 %}{% break %}{% endif %}{% endfor %}";
        var one = JobTemplate.Render(new JobSpec { Parameters = new Dictionary<string, string> { ["P"] = template } }, values);
        Assert.True(one.IsSuccess);

        var all = await WithinAsync(() => JobTemplate.Render(new JobSpec { Parameters = Enumerable.Range(0, 500).ToDictionary(i => $"P{i}", _ => template) }, values));

        Assert.False(all.IsSuccess);
        Assert.All(all.Error.Fields!, f => Assert.StartsWith("jobSpec", f.Key, StringComparison.Ordinal));
    }

    [Fact]
    public void TooManyStatements_AreCalledThat()
    {
        var values = ParameterSchema.OfStored(JsonElement.Parse("""{"properties":{"l":{}}}""")).Apply(JsonElement.Parse($$"""{"l":[{{string.Join(',', Enumerable.Repeat("1", 120))}}]}""")).Value!;

        var rendered = JobTemplate.Render(new JobSpec { Description = "{% for a in l %}{% for b in l %}x{% endfor %}{% endfor %}" }, values);

        Assert.Contains("statements", Assert.Single(rendered.Error!.Fields!).Value[0], StringComparison.Ordinal);
    }

    [Fact]
    public void TemplatesOfALargeJob_AreNotTooMuch()
    {
        var values = Values();
        var texts = Enumerable.Range(0, 400).ToDictionary(i => $"P{i}", i => $"{{% if name == 'web' %}}{{{{ name | upcase | append: '-{i}' | replace: 'W', 'v' }}}}{{% else %}}{{{{ name }}}}{{% endif %}}");

        var rendered = JobTemplate.Render(new JobSpec { Parameters = texts }, values);

        Assert.True(rendered.IsSuccess, string.Join("; ", rendered.Error?.Fields?.Select(f => f.Value[0]) ?? []));
        Assert.Equal("vEB-7", rendered.Value.Parameters!["P7"]);
    }

    private static ParameterValues Values()
    {
        var numbers = string.Join(',', Enumerable.Range(0, 15_000).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        var objects = string.Join(',', Enumerable.Range(0, 8_000).Select(i => $$"""{"k":{{i}}}"""));
        var text = new string('a', 200_000);
        var schema = ParameterSchema.OfStored(JsonElement.Parse("""{"additionalProperties":true}"""));
        return schema.Apply(JsonElement.Parse($$"""{"l":[{{numbers}}],"o":[{{objects}}],"text":"{{text}}","same":"{{text}}","needle":"{{new string('a', 100_000)}}b","name":"web"}""")).Value!;
    }

    private static async Task<T> WithinAsync<T>(Func<T> render)
    {
        var watch = Stopwatch.StartNew();
        var result = await Task.Run(render, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.True(watch.Elapsed < Moment, $"It took {watch.Elapsed}.");
        return result;
    }
}
