using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Core.Definitions.Parameters;

/// <summary>What is secret stays so, wherever in the schema the mark stands.</summary>
public sealed class SecretMarkTests
{
    [Theory]
    [InlineData("""{"properties":{"token":{"writeOnly":true}}}""")]
    [InlineData("""{"properties":{"token":{"x-secret":true}}}""")]
    [InlineData("""{"properties":{"token":{"format":"password"}}}""")]
    [InlineData("""{"additionalProperties":{"writeOnly":true}}""")]
    [InlineData("""{"properties":{"token":{},"mode":{}},"if":{"required":["mode"]},"then":{"properties":{"token":{"writeOnly":true}}}}""")]
    [InlineData("""{"properties":{"token":{},"mode":{}},"if":{"required":["nope"]},"else":{"properties":{"token":{"writeOnly":true}}}}""")]
    [InlineData("""{"properties":{"token":{},"mode":{}},"if":{"properties":{"token":{"writeOnly":true}}},"then":{}}""")]
    [InlineData("""{"additionalProperties":true,"allOf":[{"properties":{"token":{"writeOnly":true}}}]}""")]
    [InlineData("""{"additionalProperties":true,"anyOf":[{"properties":{"token":{"writeOnly":true}}},{}]}""")]
    [InlineData("""{"additionalProperties":true,"oneOf":[{"properties":{"token":{"writeOnly":true}}}]}""")]
    [InlineData("""{"additionalProperties":true,"allOf":[{"allOf":[{"additionalProperties":{"x-secret":true}}]}]}""")]
    [InlineData("""{"additionalProperties":true,"not":{"required":["nope"],"properties":{"token":{"writeOnly":true}}}}""")]
    [InlineData("""{"properties":{"token":{"allOf":[{"writeOnly":true}]},"mode":{}}}""")]
    [InlineData("""{"properties":{"token":{"if":{"writeOnly":true}},"mode":{}}}""")]
    [InlineData("""{"properties":{"token":{"not":{"type":"integer","x-secret":true}},"mode":{}}}""")]
    [InlineData("""{"properties":{"token":{},"mode":{}},"allOf":[{"writeOnly":true}]}""")]
    [InlineData("""{"writeOnly":true,"properties":{"token":{},"mode":{}}}""")]
    public void MarkAnywhere_MakesTheParameterSecret(string schema)
    {
        var given = schema.Contains("mode", StringComparison.Ordinal) ? """{"token":"hunter2","mode":"x"}""" : """{"token":"hunter2"}""";

        var values = ParametersOf(schema, given);

        Assert.Equal("hunter2", values.SecretParameters?.GetValueOrDefault("token"));
        Assert.DoesNotContain("token", values.Parameters ?? new Dictionary<string, string>());
    }

    [Fact]
    public void MarkOnOneParameter_LeavesTheOthersOpen()
    {
        var values = ParametersOf("""{"properties":{"token":{"writeOnly":true},"mode":{}},"additionalProperties":{"type":"string"},"allOf":[{"properties":{"other":{"x-secret":true}}}]}""", """{"token":"a","mode":"b","other":"c","more":"d"}""");

        Assert.Equal(["other", "token"], values.SecretParameters!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["mode", "more"], values.Parameters!.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"allOf":[{"properties":{"a":{"x-pass":false}}}],"additionalProperties":true}""")]
    [InlineData("""{"additionalProperties":{"x-pass":false}}""")]
    [InlineData("""{"properties":{"a":{"allOf":[{"x-pass":false}]}}}""")]
    public void MarkThatAValueIsForTheTemplateAlone_CountsAnywhereToo(string schema) =>
        Assert.Null(ParametersOf(schema, """{"a":"x"}""").Parameters);

    [Theory]
    [InlineData("""{"properties":{"c":{"properties":{"p":{"writeOnly":true}},"default":{"p":"hunter2"}}}}""", "parameters.properties.c.default")]
    [InlineData("""{"properties":{"c":{"items":{"writeOnly":true},"enum":[["hunter2"]]}}}""", "parameters.properties.c.enum")]
    [InlineData("""{"properties":{"c":{"items":{"writeOnly":true},"const":["hunter2"]}}}""", "parameters.properties.c.const")]
    [InlineData("""{"properties":{"c":{"additionalProperties":{"writeOnly":true},"examples":[{"p":"hunter2"}]}}}""", "parameters.properties.c.examples")]
    [InlineData("""{"properties":{"c":{"writeOnly":true,"properties":{"p":{"default":"hunter2"}}}}}""", "parameters.properties.c.properties.p.default")]
    [InlineData("""{"properties":{"c":{"default":"hunter2"}},"allOf":[{"properties":{"c":{"writeOnly":true}}}]}""", "parameters.properties.c.default")]
    [InlineData("""{"properties":{"c":{"writeOnly":true}},"if":{"properties":{"c":{"const":"hunter2"}}},"then":{}}""", "parameters.if.properties.c.const")]
    [InlineData("""{"properties":{"c":{"default":"hunter2","allOf":[{"writeOnly":true}]}}}""", "parameters.properties.c.default")]
    [InlineData("""{"additionalProperties":{"writeOnly":true},"allOf":[{"properties":{"c":{"default":"hunter2"}}}]}""", "parameters.allOf[0].properties.c.default")]
    [InlineData("""{"properties":{"c":{"prefixItems":[{"properties":{"p":{"x-secret":true}}}],"allOf":[{"prefixItems":[{"properties":{"p":{"enum":["hunter2"]}}}]}]}}}""", "parameters.properties.c.allOf[0].prefixItems[0].properties.p.enum")]
    [InlineData("""{"properties":{"c":{"writeOnly":true}},"default":{"c":"hunter2"}}""", "parameters.default")]
    [InlineData("""{"propertyNames":{"writeOnly":true},"additionalProperties":true}""", "parameters.propertyNames")]
    public void ValueOfASecretInTheSchema_IsRefusedWithItsPlace(string schema, string field) =>
        Assert.Contains(field, Schemas.RefusedAtSave(schema));

    [Fact]
    public void ValuesBesideASecret_MayBeListed() =>
        Schemas.Read("""{"properties":{"c":{"properties":{"host":{"default":"localhost","enum":["localhost"]},"p":{"writeOnly":true}}},"mode":{"const":"a"}},"if":{"properties":{"mode":{"const":"b"}}},"then":{"properties":{"c":{"required":["p"]}}}}""");

    private static JobSpec ParametersOf(string schema, string values)
    {
        var applied = Schemas.Read(schema).Apply(JsonElement.Parse(values));
        Assert.True(applied.IsSuccess, string.Join("; ", applied.Error?.Fields?.Select(f => $"{f.Key}: {f.Value[0]}") ?? []));
        return applied.Value.AddTo(new JobSpec());
    }
}
