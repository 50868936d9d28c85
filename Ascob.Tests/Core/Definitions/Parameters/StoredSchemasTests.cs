using System.Text.Json;
using Ascob.Core.Definitions.Parameters;

namespace Ascob.Tests.Core.Definitions.Parameters;

public sealed class StoredSchemasTests
{
    [Fact]
    public void SchemaThatIsAskedForAgain_IsNotReadAgain_AndGivesWayToOthersInTheEnd()
    {
        const string Text = """{"properties":{"only-in-this-test":{"pattern":"^a+$"}}}""";
        var first = ParameterSchema.OfStored(JsonElement.Parse(Text));

        Assert.Same(first, ParameterSchema.OfStored(JsonElement.Parse(Text)));
        Assert.NotSame(first, ParameterSchema.OfStored(JsonElement.Parse(Text.Replace("a+", "b+", StringComparison.Ordinal))));
        for (var i = 0; i < 500; i++)
        {
            ParameterSchema.OfStored(JsonElement.Parse($$"""{"title":"other {{i}}"}"""));
        }

        Assert.NotSame(first, ParameterSchema.OfStored(JsonElement.Parse(Text)));
    }

    [Fact]
    public void NoSchema_TakesNoParameters() =>
        Assert.Equal(["parameters.a"], Schemas.Refused(ParameterSchema.OfStored(null), """{"a":1}""").Keys);
}
