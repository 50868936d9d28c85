using System.Diagnostics;

namespace Ascob.Tests.Core.Definitions.Parameters;

/// <summary>No schema and no value cost the server more than a moment.</summary>
public sealed class SchemaWorkTests
{
    // Far above what the bound allows on a slow machine, and far below what the same check cost without it.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(8);

    [Theory]
    [InlineData("(a|b)*a(a|b){200}c|evil", 32_000)]
    [InlineData("(a|b)*a(a|b){600}c|evil", 600)]
    [InlineData("(a{1,200}){1,5}b{1,400}(c{1,3}d?){1,60}e", 32_000)]
    [InlineData("((((a*)*)*)*)*c", 32_000)]
    [InlineData("(a?){300}a{300}c", 32_000)]
    public async Task Pattern_ThatGrows_EndsInAMoment_OrIsRefused(string pattern, int length)
    {
        var schema = $$$$"""{"properties":{"v":{"pattern":"{{{{pattern}}}}"}}}""";
        if (Schemas.RefusedAtSave(schema) is { Length: > 0 } refused)
        {
            Assert.Equal(["parameters.properties.v.pattern"], refused);
            return;
        }

        var read = Schemas.Read(schema);
        var random = new Random(1);
        var text = string.Create(length, random, (span, r) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = r.Next(2) == 0 ? 'a' : 'b';
            }
        });

        Assert.Equal(["parameters.v"], (await WithinAsync(() => Schemas.Refused(read, $$"""{"v":"{{text}}"}"""))).Keys);
    }

    [Theory]
    [InlineData("(a{1,1000}){1,1000}")]
    [InlineData("a{100000}")]
    [InlineData("((((((a{9}){9}){9}){9}){9}){9})")]
    [InlineData("(?=a)b")]
    [InlineData("(?<!a)b")]
    [InlineData("(a)\\\\1")]
    [InlineData("(?>a)b")]
    [InlineData("a++")]
    [InlineData("[b-a]")]
    [InlineData("[a")]
    [InlineData("a)")]
    [InlineData("*a")]
    [InlineData("a{2,1}")]
    [InlineData("\\\\p{Nonsense}")]
    [InlineData("a\\\\")]
    public void Pattern_ThatIsBrokenOrTooLarge_IsRefusedAtSave(string pattern) =>
        Assert.Equal(["parameters.properties.v.pattern"], Schemas.RefusedAtSave($$$$"""{"properties":{"v":{"pattern":"{{{{pattern}}}}"}}}"""));

    [Fact]
    public async Task Pattern_WhoseWorkIsTooMuch_FailsTheWholeCheckWithTheField_AlsoInsideNot()
    {
        var schema = Schemas.Read("""{"properties":{"v":{"type":"array","items":{"not":{"pattern":"(a|b)*a(a|b){200}c"}}},"w":{"type":"integer"}}}""");
        var item = "\"" + string.Concat(Enumerable.Repeat("ab", 15_000)) + "\"";

        var refused = await WithinAsync(() => Schemas.Refused(schema, $$"""{"v":[{{string.Join(',', Enumerable.Repeat(item, 20))}}],"w":1}"""));

        var (field, message) = Assert.Single(refused);
        Assert.StartsWith("parameters.v[", field, StringComparison.Ordinal);
        Assert.Contains("too much", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"not\":{\"pattern\":\"b\"}")]
    [InlineData("\"pattern\":\"^a+$\"")]
    public void TextThatIsTooLongForAPattern_IsRefusedWithTheField_AlsoInsideNot(string keyword) =>
        Assert.Equal(["parameters.v"], Schemas.Refused(Schemas.Read($$$$"""{"properties":{"v":{{{{{keyword}}}}}}}"""), $$"""{"v":"{{new string('a', 40_000)}}"}""").Keys);

    [Fact]
    public async Task UniqueItems_OfManySchemasAndManyItems_EndsInAMoment()
    {
        var every = string.Join(',', Enumerable.Repeat("""{"uniqueItems":true}""", 400));
        var schema = Schemas.Read($$$$$"""{"properties":{"l":{"items":{"allOf":[{{{{{every}}}}}]}}}}""");
        var list = $"[{string.Join(',', Enumerable.Range(0, 1000))}]";

        var refused = await WithinAsync(() => Schemas.Refused(schema, $$"""{"l":[{{string.Join(',', Enumerable.Repeat(list, 200))}}]}"""));

        Assert.Contains("too much", Assert.Single(refused).Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UniqueItems_OfAsManyAsABodyHolds_AreComparedAtOnce()
    {
        var schema = Schemas.Read("""{"properties":{"l":{"uniqueItems":true}}}""");

        Assert.Empty(await WithinAsync(() => Schemas.Refused(schema, $$"""{"l":[{{string.Join(',', Enumerable.Range(0, 100_000))}}]}""")));
        Assert.Contains("items 7 and 100000", (await WithinAsync(() => Schemas.Refused(schema, $$"""{"l":[{{string.Join(',', Enumerable.Range(0, 100_000))}},7.0]}"""))).Values.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UniqueItems_OfNumbersThatLookAlike_CostNoMore()
    {
        // All of them are the same number where it is rounded.
        var items = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"1.00000000000000000000{i:00000}"));
        var schema = Schemas.Read("""{"properties":{"l":{"uniqueItems":true}}}""");

        await WithinAsync(() => Schemas.Refused(schema, $$"""{"l":[{{items}}]}"""));
    }

    [Fact]
    public async Task ManySchemasForManyItems_AreTooMuchToCheck()
    {
        var every = string.Join(',', Enumerable.Repeat("{}", 450));
        var schema = Schemas.Read($$$$$"""{"properties":{"l":{"items":{"anyOf":[{"not":{"allOf":[{{{{{every}}}}}]}},{}]}}}}""");

        var refused = await WithinAsync(() => Schemas.Refused(schema, $$"""{"l":[{{string.Join(',', Enumerable.Repeat("1", 300_000))}}]}"""));

        Assert.Contains("too much", Assert.Single(refused).Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LargeValuesOfASimpleSchema_AreNotTooMuch()
    {
        var schema = Schemas.Read("""{"properties":{"hosts":{"type":"array","items":{"type":"string","minLength":1,"maxLength":100,"pattern":"^[a-z0-9-]{1,60}([.][a-z0-9-]{1,60}){0,5}$"}}}}""");
        var hosts = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"web-{i}.example.org\""));

        Assert.Empty(await WithinAsync(() => Schemas.Refused(schema, $$"""{"hosts":[{{hosts}}]}""")));
    }

    [Fact]
    public async Task DefaultsOfASchema_AreCheckedWithinTheSameBound()
    {
        var value = $"\"{new string('a', 20_000)}\"";
        var schema = string.Join(',', Enumerable.Range(0, 3).Select(i => $$"""{"default":{{value}},"pattern":"(a|b)*a(a|b){230}c"}"""));

        Assert.NotEmpty(await WithinAsync(() => Schemas.RefusedAtSave($$"""{"allOf":[{{schema}}]}""")));
    }

    private static async Task<T> WithinAsync<T>(Func<T> check)
    {
        var watch = Stopwatch.StartNew();
        var result = await Task.Run(check, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.True(watch.Elapsed < Moment, $"It took {watch.Elapsed}.");
        return result;
    }
}
