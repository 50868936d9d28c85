using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Ascob.Tests.Backends.Shell;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api.Kuroko2;

/// <summary>The world of tests of kuroko2's API: the whole server with the real shell backend, and an application that it knows.</summary>
public abstract class Kuroko2Api : IAsyncLifetime
{
    protected const string Key = "a-key-of-the-portal-0123456789";

    private protected ApiServer Server { get; private set; } = null!;

    private readonly List<string> _formerDirectories = [];

    /// <summary>Gets a client with the credentials of the application.</summary>
    protected HttpClient Portal { get; private set; } = null!;

    /// <summary>Gets a client with the root token, for the native API.</summary>
    protected HttpClient Root { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected virtual string[] Settings => [];

    public async ValueTask InitializeAsync()
    {
        Server = await StartAsync(Settings);
        Portal = Client("portal", Key);
        Root = Server.Client();
    }

    /// <summary>Stops the server and starts it again over the same data with other settings in place of <see cref="Settings"/>.</summary>
    protected async Task RestartAsync(params string[] settings)
    {
        await Server.App.StopAsync(Cancel);
        await Server.App.DisposeAsync();
        _formerDirectories.Add(Server.DataDirectory);
        Server = await StartAsync(["--Ascob:DataDirectory", _formerDirectories[0], .. settings]);
        Portal.Dispose();
        Root.Dispose();
        Portal = Client("portal", Key);
        Root = Server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        Portal.Dispose();
        Root.Dispose();
        await Server.DisposeAsync();
        foreach (var directory in _formerDirectories)
        {
            await TestDirectories.DeleteAsync(directory);
        }

        GC.SuppressFinalize(this);
    }

    private static Task<ApiServer> StartAsync(string[] settings) => ApiServer.StartAsync(
        builder => builder.Services.AddSingleton(ShellWorld.Launcher),
        ["--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00", "--Ascob:Kuroko2:Applications:portal", Key, .. settings]);

    protected HttpClient Client(string name, string key)
    {
        var client = Server.Client(token: null);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{key}")));
        return client;
    }

    protected static Dictionary<string, object?> Definition(string name, string script, params (string Key, object? Value)[] more)
    {
        var body = new Dictionary<string, object?> { ["name"] = name, ["description"] = "What it does", ["script"] = script, ["user_id"] = new[] { 1 }, ["api_allowed"] = true, ["prevent_multi"] = 0 };
        foreach (var (key, value) in more)
        {
            body[key] = value;
        }

        return body;
    }

    protected async Task<long> DefineAsync(string name, string script, params (string Key, object? Value)[] more)
    {
        using var response = await Portal.PostAsJsonAsync("/v1/definitions", Definition(name, script, more), Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return (await JsonAsync(response)).GetProperty("id").GetInt64();
    }

    protected async Task<long> LaunchAsync(long definition, object? body = null, string status = "working")
    {
        using var response = await Portal.PostAsJsonAsync(Path(definition), body ?? new { }, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        var answer = await JsonAsync(response);
        Assert.Equal(status, answer.GetProperty("status").GetString());
        Assert.Null(response.Headers.Location);
        return answer.GetProperty("id").GetInt64();
    }

    protected static string Path(long definition) => string.Create(CultureInfo.InvariantCulture, $"/v1/definitions/{definition}/instances");

    protected static Dictionary<string, string> Env(params (string Name, string Value)[] variables) => variables.ToDictionary(v => v.Name, v => v.Value);

    /// <summary>Waits for the end of an instance and answers its run as the native API shows it.</summary>
    protected async Task<JsonElement> EndOfAsync(long instance) => await Root.GetFromJsonAsync<JsonElement>($"/api/runs/{instance}?waitSeconds=60", Cancel);

    protected async Task<string?> StatusAsync(long definition, long instance) =>
        (await Portal.GetFromJsonAsync<JsonElement>($"{Path(definition)}/{instance}", Cancel)).GetProperty("status").GetString();

    protected async Task<string> OutputAsync(long instance) => await Root.GetStringAsync($"/api/runs/{instance}/output.txt", Cancel);

    /// <summary>Defines, launches and waits; answers kuroko2's status and the output.</summary>
    protected async Task<(string? Status, string Output, long Instance)> RunAsync(string script, object? body = null)
    {
        var definition = await DefineAsync("job " + Guid.NewGuid().ToString("N"), script);
        var instance = await LaunchAsync(definition, body);
        await EndOfAsync(instance);
        return (await StatusAsync(definition, instance), await OutputAsync(instance), instance);
    }

    protected static Task<JsonElement> JsonAsync(HttpResponseMessage response) => response.Content.ReadFromJsonAsync<JsonElement>(Cancel);

    /// <summary>Asserts that a request was refused in the documented form; answers the message.</summary>
    protected static async Task<string> RefusedAsync(HttpResponseMessage response, HttpStatusCode status, string word)
    {
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {text}");
        var body = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal(["error_code", "message", "status_code"], body.EnumerateObject().Select(m => m.Name).Order());
        Assert.Equal(((int)status, word), (body.GetProperty("status_code").GetInt32(), body.GetProperty("error_code").GetString()));
        return body.GetProperty("message").GetString()!;
    }
}
