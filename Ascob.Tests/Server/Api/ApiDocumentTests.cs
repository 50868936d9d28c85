using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Server.Security;

namespace Ascob.Tests.Server.Api;

public sealed class ApiDocumentTests
{
    private const string Regenerate = "ASCOB_WRITE_OPENAPI";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task Document_OfTheRunningServer_IsTheOneInDocs()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client(token: null);

        var document = JsonNode.Parse(await client.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken))!;
        var text = document.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
        var path = Path.Combine(Root(), "docs", "openapi.json");
        if (Environment.GetEnvironmentVariable(Regenerate) == "1")
        {
            await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        }

        Assert.True(File.Exists(path), $"docs/openapi.json is missing; write it with {Regenerate}=1");
        Assert.True(
            text == await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken),
            $"docs/openapi.json differs from the running server; write it with {Regenerate}=1 and read the difference");
    }

    [Fact]
    public async Task Document_NamesEveryRouteOfTheApi()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client(token: null);
        var document = JsonNode.Parse(await client.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken))!;
        var described = document["paths"]!.AsObject()
            .SelectMany(p => p.Value!.AsObject().Select(m => $"{m.Key.ToUpperInvariant()} {p.Key}"))
            .Select(r => System.Text.RegularExpressions.Regex.Replace(r, "{[^}]+}", "1"))
            .ToHashSet(StringComparer.Ordinal);

        foreach (var route in RouteWalk.All(server).Where(r => r.Path.StartsWith("/api", StringComparison.Ordinal)))
        {
            Assert.Contains(route.ToString().TrimEnd('/'), described);
        }

        Assert.NotNull(document["components"]!["securitySchemes"]![AccessMiddleware.Header]);
    }

    [Fact]
    public async Task Page_ListsTheCatalogue_AndLoadsItWithTheTokenThatWasTypedIn()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client(token: null);

        var script = await client.GetStringAsync("/swagger/index.js", TestContext.Current.CancellationToken);

        Assert.Contains("/swagger/definitions/swagger.json", script, StringComparison.Ordinal);
        Assert.Contains("RequestInterceptorFunction", script, StringComparison.Ordinal);
        Assert.Contains("window.location.origin", script, StringComparison.Ordinal);
        Assert.Contains("authSelectors.authorized()", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_IsServed()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var client = server.Client(token: null);

        var page = await client.GetStringAsync("/swagger/index.html", TestContext.Current.CancellationToken);

        Assert.Contains("swagger-ui", page, StringComparison.Ordinal);
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
