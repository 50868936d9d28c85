namespace Ascob.Server.Cli.Demo;

/// <summary>The pretend products beside a server of the environment Demo: started before it, because their addresses are its settings, and ended after it.</summary>
internal sealed class PretendProducts : IAsyncDisposable
{
    public const string Setting = "Ascob:Demo:PretendBackends";

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

    // The same sources in the same order as the server's own configuration, read before it is built.
    private static bool AreWanted(string[] args)
    {
        var host = new ConfigurationBuilder().AddEnvironmentVariables("DOTNET_").AddEnvironmentVariables("ASPNETCORE_").AddCommandLine(args).Build();
        if (!"Demo".Equals(host["environment"], StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var configuration = new ConfigurationBuilder()
            .SetBasePath(AppContext.BaseDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddJsonFile("appsettings.Demo.json", optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine(args)
            .Build();
        return bool.TryParse(configuration[Setting], out var wanted) && wanted;
    }
}
