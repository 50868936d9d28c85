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
        var param = CommandLine.Repeated(
            "--param", "name=value", "The value of a parameter; repeatable. What is a number, true, false, null, a list or an object in JSON is sent as such where the parameter may be one, and else as text.");
        var secret = CommandLine.Repeated("--secret", "NAME", "A parameter whose value is the variable of that name, or the next line of stdin; repeatable.");
        var json = new Option<string?>("--json") { Description = "The parameters as a JSON object.", HelpName = "OBJECT" };
        var submitter = new Option<string?>("--submitter") { Description = "Who owns the run; else the template's.", HelpName = "NAME" };
        var command = new Command("launch", "Launches a definition and prints the run's number.") { name, param, secret, json, submitter };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var parameters = Object(parsed.GetValue(json));
            var pairs = CommandLine.Pairs("--param", parsed.GetValue(param) ?? []);
            var secrets = await CommandLine.SecretsAsync(parsed.GetValue(secret) ?? [], context.Environment, context.Terminal.Input, cancellationToken);
            var given = pairs.Concat(secrets).ToList();
            var schema = given.Count == 0 ? null : await SchemaAsync(client, parsed.GetValue(name)!, cancellationToken);
            foreach (var (key, value) in given)
            {
                parameters[key] = LaunchValue.Of(value, schema, key);
            }

            var request = new LaunchDefinitionRequest { Parameters = JsonSerializer.SerializeToElement(parameters, AscobJson.Options), Submitter = parsed.GetValue(submitter) };
            var launched = await client.LaunchAsync(parsed.GetValue(name)!, request, cancellationToken: cancellationToken);
            context.Terminal.Out.WriteLine(launched.RunId);
            if (!launched.Prevented)
            {
                return ExitCodes.Ok;
            }

            context.Terminal.Error.WriteLine($"run {launched.RunId}: prevented");
            return ExitCodes.Prevented;
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

    private static JsonObject Object(string? json)
    {
        try
        {
            return json is null ? [] : JsonNode.Parse(json, documentOptions: Strict) as JsonObject ?? throw new CliException(ExitCodes.Usage, "--json wants an object");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCodes.Usage, $"--json is no JSON: {e.Message.ReplaceLineEndings(" ")}");
        }
    }
}
