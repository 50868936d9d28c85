using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Server.Cli;

/// <summary><c>ascob definition launch</c>: launches a definition.</summary>
internal static class DefinitionLaunchCommand
{
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
            var definition = await client.GetDefinitionAsync(parsed.GetValue(name)!, cancellationToken);
            var parameters = Parameters(parsed.GetValue(json), CommandLine.Pairs("--param", parsed.GetValue(param) ?? []), definition.Parameters);
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

    private static JsonObject Parameters(string? json, IEnumerable<KeyValuePair<string, string>> pairs, JsonElement? schema)
    {
        JsonObject parameters;
        try
        {
            parameters = json is null ? [] : JsonNode.Parse(json) as JsonObject ?? throw new CliException(ExitCodes.Usage, "--json wants an object");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCodes.Usage, $"--json is no JSON: {e.Message.ReplaceLineEndings(" ")}");
        }

        foreach (var (name, value) in pairs)
        {
            parameters[name] = IsText(schema, name) ? JsonValue.Create(value) : Value(value);
        }

        return parameters;
    }

    private static bool IsText(JsonElement? schema, string name) =>
        schema is { ValueKind: JsonValueKind.Object } given
        && given.TryGetProperty("properties", out var properties)
        && properties.TryGetProperty(name, out var property)
        && property.ValueKind == JsonValueKind.Object
        && property.TryGetProperty("type", out var type)
        && type.ValueKind == JsonValueKind.String
        && type.GetString() == "string";

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
