using System.Security.Cryptography;
using Ascob.Core.Client;
using Ascob.Server.Configuration;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Ascob.Server.Cli;

/// <summary>A server inside this process for one run: on a free loopback port, with a token that nobody else knows.</summary>
internal sealed class EmbeddedServer : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly string? _temporary;

    private EmbeddedServer(WebApplication server, AscobClient client, string? temporary)
    {
        _server = server;
        _temporary = temporary;
        Client = client;
    }

    public AscobClient Client { get; }

    /// <summary>Gets whether the run's history goes away with this server, because another one holds the data directory.</summary>
    public bool IsTemporary => _temporary is not null;

    /// <summary>Starts one.</summary>
    /// <exception cref="CliException">It cannot be started.</exception>
    public static async Task<EmbeddedServer> StartAsync(CliContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await StartAsync(context, null, cancellationToken);
        }
        catch (DataDirectoryInUseException)
        {
            var temporary = Directory.CreateTempSubdirectory("ascob-run-").FullName;
            try
            {
                return await StartAsync(context, temporary, cancellationToken);
            }
            catch
            {
                TryDelete(temporary);
                throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.StopAsync(CancellationToken.None);
        await _server.DisposeAsync();
        if (_temporary is not null)
        {
            TryDelete(_temporary);
        }
    }

    // What a job left there may resist; the result of the run is known and must not be lost over it.
    internal static void TryDelete(string temporary)
    {
        try
        {
            Directory.Delete(temporary, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Console.Error.WriteLine($"ascob: the temporary directory {temporary} could not be removed: {e.Message}");
        }
    }

    private static async Task<EmbeddedServer> StartAsync(CliContext context, string? temporary, CancellationToken cancellationToken)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var server = context.BuildServer(Arguments(context, token, temporary), Configure);
        try
        {
            DataDirectoryLock.TakeFor(server);
            await server.StartAsync(cancellationToken);
            var address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            return new EmbeddedServer(server, new AscobClient(new Uri(address), token), temporary);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private static string[] Arguments(CliContext context, string token, string? temporary)
    {
        var arguments = new List<string> { "--urls=http://127.0.0.1:0", $"--Ascob:Security:RootToken={token}" };
        if (temporary is not null)
        {
            arguments.Add($"--Ascob:DataDirectory={temporary}");
        }

        // Somebody who types one command has configured nothing and wants the backends that a first start has; the banner of Demo would stand in the job's output.
        if ((context.Environment("ASPNETCORE_ENVIRONMENT") ?? context.Environment("DOTNET_ENVIRONMENT")) is null or "Demo")
        {
            arguments.Add("--environment=Development");
        }

        return [.. arguments];
    }

    /// <summary>Keeps the server out of the terminal and Ctrl-C to the verb.</summary>
    internal static void Configure(WebApplicationBuilder builder)
    {
        // stdout belongs to the job.
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Logging.AddFilter(null, LogLevel.Error);
        builder.Services.AddSingleton<IHostLifetime, Unconcerned>();
    }

    // Ctrl-C means "stop the run" here, and the server must be there to do it.
    private sealed class Unconcerned : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
