namespace Ascob.Server.Cli.Demo;

/// <summary>The pretend products beside a server of the environment Demo: started before it, because their addresses are its settings, and ended after it.</summary>
internal sealed class PretendProducts : IAsyncDisposable
{
    public const string Setting = "Ascob:Demo:PretendBackends";
    private const string Demo = "Demo";

    private readonly IReadOnlyList<DemoBackend> _backends;

    private PretendProducts(IReadOnlyList<DemoBackend> backends) => _backends = backends;

    /// <summary>Gets the settings that make them backends.</summary>
    public IEnumerable<string> Arguments => _backends.SelectMany(b => b.Arguments());

    /// <summary>Starts them where the configuration asks for them; else there are none.</summary>
    public static async Task<PretendProducts> StartAsync(string[] args, TimeProvider time, CancellationToken cancellationToken)
    {
        var products = new PretendProducts(AreWanted(args) ? [.. DemoBackends.All(time).Where(b => b.Server is not null)] : []);
        try
        {
            foreach (var backend in products._backends)
            {
                await backend.Server!.StartAsync(cancellationToken: cancellationToken);
            }

            return products;
        }
        catch
        {
            await products.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says what there is to try.</summary>
    public void Introduce(TextWriter output)
    {
        foreach (var backend in _backends)
        {
            output.WriteLine($"A pretend {backend.Type} is the backend {backend.Id}; try the labels {string.Join(", ", backend.Jobs[0].Labels.Select(l => $"{l.Key}={l.Value}"))}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var backend in _backends)
        {
            await backend.Server!.DisposeAsync();
        }
    }

    // The server's own builder is asked, because it alone knows which of several sources has the last word; but only where one of them speaks of Demo, since it costs time at every start.
    private static bool AreWanted(string[] args)
    {
        IConfiguration[] sources =
        [
            new ConfigurationBuilder().AddEnvironmentVariables("DOTNET_").Build(),
            new ConfigurationBuilder().AddEnvironmentVariables("ASPNETCORE_").Build(),
            new ConfigurationBuilder().AddCommandLine(args).Build(),
        ];
        if (!sources.Any(s => Demo.Equals(s["environment"], StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        var builder = AscobServer.CreateBuilder(args);
        using var configuration = builder.Configuration;
        return builder.Environment.IsEnvironment(Demo) && bool.TryParse(configuration[Setting], out var wanted) && wanted;
    }
}
