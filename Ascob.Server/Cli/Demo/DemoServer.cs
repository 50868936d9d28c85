using Ascob.Core.Client;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Ascob.Server.Cli.Demo;

/// <summary>The pretend products and a server in front of them, all on free loopback ports, with a history that goes away with them.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    public const string Token = "rootToken";

    private readonly IReadOnlyList<DemoBackend> _backends;
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-demo-").FullName;
    private WebApplication? _server;

    private DemoServer(IReadOnlyList<DemoBackend> backends) => _backends = backends;

    public Uri Url { get; private set; } = null!;

    public AscobClient Client { get; private set; } = null!;

    public static async Task<DemoServer> StartAsync(CliContext context, IReadOnlyList<DemoBackend> backends, CancellationToken cancellationToken)
    {
        var demo = new DemoServer(backends);
        try
        {
            foreach (var backend in backends.Where(b => b.Server is not null))
            {
                await backend.Server!.StartAsync(cancellationToken: cancellationToken);
            }

            demo._server = context.BuildServer(demo.Arguments(), EmbeddedServer.Configure);
            await demo._server.StartAsync(cancellationToken);
            demo.Url = new Uri(demo._server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
            demo.Client = new AscobClient(demo.Url, Token);
            return demo;
        }
        catch
        {
            await demo.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (_server is not null)
        {
            await _server.StopAsync(CancellationToken.None);
            await _server.DisposeAsync();
        }

        foreach (var backend in _backends.Where(b => b.Server is not null))
        {
            await backend.Server!.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    // Whatever this machine is configured for, the demo touches nothing of it.
    private string[] Arguments()
    {
        var arguments = new List<string>
        {
            "--environment=Demo",
            "--urls=http://127.0.0.1:0",
            $"--Ascob:DataDirectory={_directory}",
            "--Ascob:Database:Provider=Sqlite",
            $"--Ascob:Database:ConnectionString=Data Source={Path.Combine(_directory, "demo.db")}",
            "--Ascob:Hangfire:Storage=InMemory",
            "--Ascob:Locks:Provider=Database",
            $"--Ascob:Security:RootToken={Token}",
            "--Ascob:Demo:PretendBackends=false",
        };
        arguments.AddRange(_backends.SelectMany(b => b.Arguments()));
        return [.. arguments];
    }
}
