using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Server;
using Ascob.Server.Security;
using Ascob.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api;

/// <summary>The whole server in this process, on a free port of the loopback, with a data directory of its own.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    public const string RootToken = "root-token-of-the-tests-0123456789";

    private readonly string _directory;

    private ApiServer(WebApplication app, string directory)
    {
        App = app;
        _directory = directory;
        Url = new Uri(app.Urls.First());
    }

    public WebApplication App { get; }

    public Uri Url { get; }

    public string DataDirectory => _directory;

    public static async Task<ApiServer> StartAsync(Action<WebApplicationBuilder>? configure = null, params string[] args)
    {
        var directory = Path.Combine(Path.GetTempPath(), $"ascob-api-{Path.GetRandomFileName()}");
        var app = AscobServer.Build([.. Arguments(directory), .. args], configure);
        try
        {
            await app.StartAsync(TestContext.Current.CancellationToken);
            return new ApiServer(app, directory);
        }
        catch
        {
            await app.DisposeAsync();
            await TestDirectories.DeleteAsync(directory);
            throw;
        }
    }

    /// <summary>Starts a server whose store is away; tokens are kept in memory.</summary>
    public static Task<ApiServer> StartWithoutStoreAsync(Action<WebApplicationBuilder>? configure = null, params string[] args) => StartAsync(
        builder =>
        {
            AbsentStore.Use(builder.Services);
            configure?.Invoke(builder);
        },
        args);

    /// <summary>Starts a server with its own database and the dummy backend.</summary>
    public static Task<ApiServer> StartWithDummyAsync(params string[] args) =>
        StartAsync(null, ["--Ascob:Backends:dummyBackend:Type", "Dummy", .. args]);

    public static string[] Arguments(string directory) =>
    [
        "--urls", "http://127.0.0.1:0",
        "--environment", "Production",
        "--Ascob:DataDirectory", directory,
        "--Ascob:Security:RootToken", RootToken,
        "--Ascob:ShutdownDelay", "00:00:00",
        "--Logging:LogLevel:Default", "Critical",
    ];

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>Makes a client with a token; null for none.</summary>
    public HttpClient Client(string? token = RootToken)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Url };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Add(AccessMiddleware.Header, token);
        }

        return client;
    }

    /// <summary>Issues a token and makes a client with it.</summary>
    public async Task<HttpClient> ClientAsync(string[] permissions, string[]? submitters = null)
    {
        using var root = Client();
        var response = await root.PostAsJsonAsync(
            $"/api/security/tokens/t-{Guid.NewGuid():N}", new { permissions, submitters }, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        return Client(body.GetProperty("secret").GetString());
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
        await TestDirectories.DeleteAsync(_directory);
    }
}
