namespace Ascob.Tests.Core.Definitions.Parameters;

/// <summary>Every keyword that a schema may hold, with a value that fits and one that does not.</summary>
public sealed class SchemaKeywordTests
{
    /// <summary>Keyword, schema of the parameter v, a value that fits, one that does not, and the fields that are refused then, one a line.</summary>
    public static TheoryData<string, string, string, string, string> Keywords => new()
    {
        { "type string", """{"type":"string"}""", "\"x\"", "1", "parameters.v" },
        { "type number", """{"type":"number"}""", "1.5", "\"1.5\"", "parameters.v" },
        { "type integer", """{"type":"integer"}""", "2.0", "2.5", "parameters.v" },
        { "type boolean", """{"type":"boolean"}""", "false", "0", "parameters.v" },
        { "type array", """{"type":"array"}""", "[]", "{}", "parameters.v" },
        { "type object", """{"type":"object"}""", "{}", "[]", "parameters.v" },
        { "type null", """{"type":"null"}""", "null", "\"\"", "parameters.v" },
        { "type list", """{"type":["string","null"]}""", "null", "true", "parameters.v" },
        { "enum", """{"enum":["a",1,null,{"x":[1]}]}""", """{"x":[1.0]}""", """{"x":[2]}""", "parameters.v" },
        { "const", """{"const":[1,"a"]}""", """[1,"a"]""", """["a",1]""", "parameters.v" },
        { "minLength", """{"minLength":2}""", "\"ab\"", "\"\U0001F600\"", "parameters.v" },
        { "maxLength", """{"maxLength":1}""", "\"\U0001F600\"", "\"ab\"", "parameters.v" },
        { "pattern", """{"pattern":"b+c"}""", "\"abbcd\"", "\"acb\"", "parameters.v" },
        { "format date", """{"format":"date"}""", "\"2026-02-28\"", "\"2026-02-29\"", "parameters.v" },
        { "format date-time", """{"format":"date-time"}""", "\"2026-01-31T12:00:00.5+02:00\"", "\"2026-01-31T12:00:00\"", "parameters.v" },
        { "format time", """{"format":"time"}""", "\"12:00:00Z\"", "\"25:00:00Z\"", "parameters.v" },
        { "format email", """{"format":"email"}""", "\"ann@example.org\"", "\"ann@\"", "parameters.v" },
        { "format uri", """{"format":"uri"}""", "\"https://example.org/a\"", "\"a/b\"", "parameters.v" },
        { "format uuid", """{"format":"uuid"}""", "\"01234567-89ab-cdef-0123-456789abcdef\"", "\"0123456789abcdef0123456789abcdef\"", "parameters.v" },
        { "format ipv4", """{"format":"ipv4"}""", "\"10.0.0.1\"", "\"10.0.0.01\"", "parameters.v" },
        { "format ipv6", """{"format":"ipv6"}""", "\"::1\"", "\"10.0.0.1\"", "parameters.v" },
        { "format hostname", """{"format":"hostname"}""", "\"web-1.example.org\"", "\"-web\"", "parameters.v" },
        { "format of another kind", """{"format":"color","maxLength":3}""", "\"red\"", "\"blue\"", "parameters.v" },
        { "minimum", """{"minimum":1.5}""", "1.5", "1.4", "parameters.v" },
        { "maximum", """{"maximum":1.5}""", "1.5", "1.6", "parameters.v" },
        { "exclusiveMinimum", """{"exclusiveMinimum":1}""", "1.1", "1", "parameters.v" },
        { "exclusiveMaximum", """{"exclusiveMaximum":1}""", "0.9", "1", "parameters.v" },
        { "multipleOf", """{"multipleOf":0.1}""", "0.3", "0.35", "parameters.v" },
        { "items", """{"items":{"type":"integer"}}""", "[1,2]", """[1,"2",3,"4"]""", "parameters.v[1]\nparameters.v[3]" },
        { "items false", """{"prefixItems":[true],"items":false}""", "[1]", "[1,2]", "parameters.v[1]" },
        { "prefixItems", """{"prefixItems":[{"type":"string"},{"type":"integer"}]}""", """["a",1,null]""", """[1,"a"]""", "parameters.v[0]\nparameters.v[1]" },
        { "minItems", """{"minItems":1}""", "[1]", "[]", "parameters.v" },
        { "maxItems", """{"maxItems":1}""", "[1]", "[1,2]", "parameters.v" },
        { "uniqueItems", """{"uniqueItems":true}""", """[1,"1",[1],{"a":1},true]""", "[1,2,1.0]", "parameters.v" },
        { "uniqueItems of objects", """{"uniqueItems":true}""", """[{"a":1},{"a":2}]""", """[{"a":1,"b":2},{"b":2,"a":1}]""", "parameters.v" },
        { "properties", """{"properties":{"a":{"type":"integer"},"b":{"properties":{"c":{"type":"string"}}}}}""", """{"a":1,"b":{"c":"x"},"d":0}""", """{"a":"1","b":{"c":2}}""", "parameters.v.a\nparameters.v.b.c" },
        { "required", """{"required":["a","b"]}""", """{"a":null,"b":1}""", """{"a":1}""", "parameters.v.b" },
        { "additionalProperties", """{"properties":{"a":{}},"additionalProperties":{"type":"integer"}}""", """{"a":"x","b":1}""", """{"b":"x"}""", "parameters.v.b" },
        { "additionalProperties false", """{"properties":{"a":{}},"additionalProperties":false}""", """{"a":1}""", """{"b":1}""", "parameters.v.b" },
        { "propertyNames", """{"propertyNames":{"pattern":"^[a-z]$"}}""", """{"a":1}""", """{"ab":1}""", "parameters.v.ab" },
        { "minProperties", """{"minProperties":1}""", """{"a":1}""", "{}", "parameters.v" },
        { "maxProperties", """{"maxProperties":1}""", """{"a":1}""", """{"a":1,"b":2}""", "parameters.v" },
        { "dependentRequired", """{"dependentRequired":{"a":["b","c"]}}""", """{"b":1}""", """{"a":1,"b":1}""", "parameters.v.c" },
        { "allOf", """{"allOf":[{"minimum":1},{"maximum":3}]}""", "2", "4", "parameters.v" },
        { "anyOf", """{"anyOf":[{"type":"string"},{"minimum":3}]}""", "3", "2", "parameters.v" },
        { "oneOf", """{"oneOf":[{"minimum":1},{"maximum":3}]}""", "4", "2", "parameters.v" },
        { "oneOf of none", """{"oneOf":[{"type":"string"},{"type":"null"}]}""", "null", "2", "parameters.v" },
        { "not", """{"not":{"type":"string","minLength":2}}""", "\"a\"", "\"ab\"", "parameters.v" },
        { "if then", """{"if":{"properties":{"k":{"const":"x"}}},"then":{"required":["t"]},"else":{"required":["e"]}}""", """{"k":"x","t":1}""", """{"k":"x","e":1}""", "parameters.v.t" },
        { "if else", """{"if":{"properties":{"k":{"const":"x"}}},"then":{"required":["t"]},"else":{"required":["e"]}}""", """{"k":"y","e":1}""", """{"k":"y","t":1}""", "parameters.v.e" },
        { "true and false", """{"properties":{"a":true,"b":false}}""", """{"a":1}""", """{"b":1}""", "parameters.v.b" },
        { "default", """{"properties":{"a":{"default":"x"}},"required":["a"]}""", "{}", "[]", "" },
        { "annotations", """{"title":"T","description":"D","examples":[1],"deprecated":true,"readOnly":true,"$comment":"c","contentMediaType":"text/plain","contentEncoding":"base64","x-anything":{"a":1},"type":"integer"}""", "1", "\"x\"", "parameters.v" },
    };

    [Theory]
    [MemberData(nameof(Keywords))]
    public void Keyword_TakesWhatFits_AndNamesWhatDoesNot(string keyword, string schema, string fits, string doesNot, string refused)
    {
        var read = Schemas.Read($$$"""{"type":"object","properties":{"v":{{{schema}}}}}""");

        Assert.True(Schemas.Refused(read, $$"""{"v":{{fits}}}""").Count == 0, $"{keyword}: {fits} is refused: {string.Join("; ", Schemas.Refused(read, $$"""{"v":{{fits}}}""").Values)}");
        Assert.Equal(refused.Split('\n', StringSplitOptions.RemoveEmptyEntries), Schemas.Refused(read, $$"""{"v":{{doesNot}}}""").Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"additionalProperties":true,"required":["a"]}""", """{"b":1}""", "parameters.a")]
    [InlineData("""{"properties":{"a":{}},"propertyNames":{"maxLength":1}}""", """{"bb":1}""", "parameters.bb")]
    [InlineData("""{"properties":{"a":{},"b":{}},"dependentRequired":{"a":["b"]}}""", """{"a":1}""", "parameters.b")]
    [InlineData("""{"additionalProperties":true,"maxProperties":1}""", """{"a":1,"b":2}""", "parameters")]
    public void KeywordOfTheParametersThemselves_NamesTheParameter(string schema, string values, string refused) =>
        Assert.Equal([refused], Schemas.Refused(Schemas.Read(schema), values).Keys);

    [Fact]
    public void Defaults_AreFilledInWhereNothingIsGiven_AlsoBelow()
    {
        var schema = Schemas.Read("""{"properties":{"a":{"default":[1]},"b":{"properties":{"c":{"default":"x"},"d":{"default":2}}},"e":{"properties":{"f":{"default":3}}}}}""");

        var values = schema.Apply(System.Text.Json.JsonElement.Parse("""{"b":{"d":null}}""")).Value!.Values;

        Assert.Equal("""{"b":{"d":null,"c":"x"},"a":[1]}""", values.GetRawText());
    }

    [Theory]
    [InlineData("type", "\"text\"")]
    [InlineData("type", "1")]
    [InlineData("enum", "[]")]
    [InlineData("enum", "\"a\"")]
    [InlineData("minLength", "-1")]
    [InlineData("maxLength", "1.5")]
    [InlineData("minItems", "\"1\"")]
    [InlineData("maxItems", "null")]
    [InlineData("minProperties", "true")]
    [InlineData("maxProperties", "9999999999")]
    [InlineData("minimum", "\"1\"")]
    [InlineData("maximum", "1e999")]
    [InlineData("exclusiveMinimum", "true")]
    [InlineData("exclusiveMaximum", "[]")]
    [InlineData("multipleOf", "0")]
    [InlineData("pattern", "1")]
    [InlineData("format", "1")]
    [InlineData("uniqueItems", "1")]
    [InlineData("writeOnly", "\"yes\"")]
    [InlineData("x-secret", "1")]
    [InlineData("x-pass", "null")]
    [InlineData("items", "[]")]
    [InlineData("prefixItems", "[]")]
    [InlineData("prefixItems", "{}")]
    [InlineData("properties", "[]")]
    [InlineData("required", "\"a\"")]
    [InlineData("required", "[1]")]
    [InlineData("dependentRequired", "[]")]
    [InlineData("additionalProperties", "\"no\"")]
    [InlineData("propertyNames", "1")]
    [InlineData("allOf", "[]")]
    [InlineData("anyOf", "{}")]
    [InlineData("oneOf", "[]")]
    [InlineData("not", "[]")]
    [InlineData("if", "1")]
    [InlineData("then", "1")]
    [InlineData("else", "1")]
    [InlineData("unevaluatedProperties", "false")]
    [InlineData("dependentSchemas", "{}")]
    [InlineData("patternProperties", "{}")]
    [InlineData("contains", "{}")]
    public void Keyword_WithAValueOfTheWrongKind_IsRefusedAtItsPlace(string keyword, string value) =>
        Assert.Contains($"parameters.properties.v.{keyword}", Schemas.RefusedAtSave($$$$"""{"properties":{"v":{"{{{{keyword}}}}":{{{{value}}}}}}}"""));
}
