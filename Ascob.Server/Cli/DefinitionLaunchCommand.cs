using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Server.Cli;

/// <summary><c>ascob definition launch</c>: launches a definition.</summary>
internal static class DefinitionLaunchCommand
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public static Command Create(CliContext context)
    {
        var name = DefinitionCommand.NameArgument();
        var param = CommandLine.Repeated("--param", "name=value", "The value of a parameter; repeatable. What is a number, true, false, null, a list or an object in JSON is sent as such where the parameter is no text.");
        var json = new Option<string?>("--json") { Description = "The parameters as a JSON object.", HelpName = "OBJECT" };
        var submitter = new Option<string?>("--submitter") { Description = "Who owns the run; else the template's.", HelpName = "NAME" };
        var command = new Command("launch", "Launches a definition and prints the run's number.") { name, param, json, submitter };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var pairs = CommandLine.Pairs("--param", parsed.GetValue(param) ?? []);
            var parameters = Parameters(parsed.GetValue(json), pairs, pairs.Count == 0 ? null : await SchemaAsync(client, parsed.GetValue(name)!, cancellationToken));
            var request = new LaunchDefinitionRequest { Parameters = JsonSerializer.SerializeToElement(parameters, AscobJson.Options), Submitter = parsed.GetValue(submitter) };
            var launched = await client.LaunchAsync(parsed.GetValue(name)!, request, cancellationToken: cancellationToken);
            context.Terminal.Out.WriteLine(launched.RunId);
            if (launched.Prevented)
            {
                context.Terminal.Error.WriteLine($"run {launched.RunId}: prevented");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    // Whoever may launch and not read is not told what the parameters are; then the values are read as JSON where they are some.
    private static async Task<JsonElement?> SchemaAsync(AscobClient client, string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetDefinitionAsync(name, cancellationToken)).Parameters;
        }
        catch (AscobApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return null;
        }
    }

    private static JsonObject Parameters(string? json, IEnumerable<KeyValuePair<string, string>> pairs, JsonElement? schema)
    {
        JsonObject parameters;
        try
        {
            parameters = json is null ? [] : JsonNode.Parse(json, documentOptions: Strict) as JsonObject ?? throw new CliException(ExitCodes.Usage, "--json wants an object");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCodes.Usage, $"--json is no JSON: {e.Message.ReplaceLineEndings(" ")}");
        }

        foreach (var (name, value) in pairs)
        {
            parameters[name] = IsText(schema, name, value) ? JsonValue.Create(value) : Value(value);
        }

        return parameters;
    }

    // As the schema says, where it does: by the type, or else by the values that it lists.
    private static bool IsText(JsonElement? schema, string name, string value)
    {
        if (schema is not { ValueKind: JsonValueKind.Object } given
            || !given.TryGetProperty("properties", out var properties)
            || !properties.TryGetProperty(name, out var property)
            || property.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        return property.TryGetProperty("type", out var type)
            ? Any(type, "string")
            : (property.TryGetProperty("enum", out var values) && Any(values, value)) || (property.TryGetProperty("const", out var only) && Any(only, value));
    }

    private static bool Any(JsonElement words, string wanted) => words.ValueKind == JsonValueKind.Array
        ? words.EnumerateArray().Any(w => w.ValueKind == JsonValueKind.String && w.ValueEquals(wanted))
        : words.ValueKind == JsonValueKind.String && words.ValueEquals(wanted);

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
