using System.CommandLine;
using System.Net;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Server.Cli;

/// <summary><c>ascob definition save</c>: makes a definition, or its next version.</summary>
internal static class DefinitionSaveCommand
{
    public static Command Create(CliContext context)
    {
        var name = DefinitionCommand.NameArgument();
        var file = new Option<string>("--file") { Description = "The definition as JSON, as for the API; - is stdin.", HelpName = "FILE", Required = true };
        var command = new Command("save", "Makes a definition or its next version, and prints the version.") { name, file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = await ReadAsync(context, parsed.GetValue(file)!, cancellationToken);
            using var client = context.Connect(parsed);
            var saved = await SaveAsync(client.Api, parsed.GetValue(name)!, request, cancellationToken);
            context.Terminal.Out.WriteLine(saved.Version);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<SaveDefinitionRequest> ReadAsync(CliContext context, string path, CancellationToken cancellationToken)
    {
        try
        {
            var text = path == "-" ? await context.Terminal.Input.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(path, cancellationToken);
            return JsonSerializer.Deserialize<SaveDefinitionRequest>(text, AscobJson.Options) ?? throw new CliException(ExitCodes.Usage, $"{path} holds no definition");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCodes.Usage, $"{path} is no definition: {e.Message.ReplaceLineEndings(" ")}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitCodes.NotFound, $"{path} does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Usage, $"{path} cannot be read: {e.Message}");
        }
    }

    private static async Task<DefinitionInfo> SaveAsync(IAscobApi api, string name, SaveDefinitionRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await api.SaveDefinitionAsync(name, request with { Name = null }, cancellationToken);
        }
        catch (AscobApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return await api.CreateDefinitionAsync(request with { Name = name, Version = null }, cancellationToken);
        }
    }
}
