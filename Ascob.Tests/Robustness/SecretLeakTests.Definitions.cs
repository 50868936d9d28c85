using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Ascob.Tests.Server.Api;
using Ascob.Tests.Server.Cli;

namespace Ascob.Tests.Robustness;

/// <summary>The secrets of definitions: constant ones of the template, and those of a launch, wherever the schema marks them.</summary>
public sealed partial class SecretLeakTests
{
    private const string Kuroko2Application = "portal";

    /// <summary>Schemas that mark a parameter secret, each in another way, with the launch's parameters; <c>@</c> stands for the secret.</summary>
    private static readonly (string Name, string Schema, string Parameters)[] SecretForms =
    [
        ("plain", """{"properties":{"TOKEN":{"type":"string","writeOnly":true}}}""", """{"TOKEN":"@"}"""),
        ("others", """{"additionalProperties":{"type":"string","x-secret":true}}""", """{"TOKEN":"@"}"""),
        ("then", """{"properties":{"TOKEN":{"type":"string"},"MODE":{"type":"string"}},"if":{"required":["MODE"]},"then":{"properties":{"TOKEN":{"format":"password"}}}}""", """{"TOKEN":"@","MODE":"x"}"""),
        ("all", """{"additionalProperties":true,"allOf":[{"properties":{"TOKEN":{"writeOnly":true}}}]}""", """{"TOKEN":"@"}"""),
        ("nested", """{"properties":{"TOKEN":{"type":"object","properties":{"password":{"writeOnly":true}}}}}""", """{"TOKEN":{"password":"@"}}"""),
    ];

    private async Task RunDefinitionsAsync()
    {
        foreach (var (name, schema, parameters) in SecretForms)
        {
            await DefineAsync(name, Canary($"constant of {name}"), schema);
            var run = await LaunchedAsync(name, parameters.Replace("@", Canary($"parameter of {name}"), StringComparison.Ordinal));
            Assert.Equal("SUCCEEDED", await _client.EndAsync(run));

            // What is refused is not repeated in the refusal. Where any name is taken, what is not marked is no secret.
            if (name != "all")
            {
                await LaunchAsync(name, $$$$"""{"parameters":{"TOKEN":["{{{{Canary($"refused parameter of {name}")}}}}"],"nope":{"x":"{{{{Canary($"unknown parameter of {name}")}}}}"}}}""", 422);
            }
        }

        var edited = await LaunchAsync("plain", JsonSerializer.Serialize(new { parameters = new Dictionary<string, string> { ["TOKEN"] = Canary("edited parameter") }, jobSpec = new { labels = Http.Dummy(), secretParameters = Map("OTHER", Canary("edited constant")) } }));
        _runs.Add(edited.GetProperty("runId").GetInt64());
        await LaunchAsync("plain", JsonSerializer.Serialize(new { jobSpec = new { labels = Http.Dummy(("x", "{{ TOKEN }}")), secretParameters = Map("OTHER", Canary("refused edited constant")) } }), 400);
        await ChangeAsync();
        await RefuseDefinitionsAsync();
    }

    private async Task ChangeAsync()
    {
        using var saved = await _client.PutAsJsonAsync("/api/definitions/plain", new { description = "two", jobSpec = new { labels = Http.Dummy(), secretParameters = Map("CONSTANT", Canary("changed constant")) }, parameters = JsonElement.Parse(SecretForms[0].Schema) }, Token);
        Assert.Equal(200, (int)saved.StatusCode);
        using var kept = await _client.PostAsJsonAsync("/api/definitions/plain/schedules", new { schedule = new { cron = "0 0 1 1 *" } }, Token);
        Assert.Equal(201, (int)kept.StatusCode);
        using var refused = await _client.PostAsJsonAsync("/api/definitions/plain/schedules", new { schedule = new { cron = "0 0 2 1 *", parameters = Map("TOKEN", Canary("parameter of a schedule")) } }, Token);
        Assert.Equal(400, (int)refused.StatusCode);
        using var other = await _client.PostAsJsonAsync("/api/definitions/others/schedules", new { schedule = new { cron = "0 0 2 1 *", parameters = Map("ANY", Canary("undeclared parameter of a schedule")) } }, Token);
        Assert.Equal(400, (int)other.StatusCode);
    }

    private async Task RefuseDefinitionsAsync()
    {
        foreach (var (name, schema) in new[]
        {
            ("default", """{"properties":{"TOKEN":{"writeOnly":true,"default":"@"}}}"""),
            ("enum", """{"properties":{"TOKEN":{"writeOnly":true,"enum":["@"]}}}"""),
            ("default above", """{"properties":{"TOKEN":{"properties":{"p":{"writeOnly":true}},"default":{"p":"@"}}}}"""),
            ("default beside", """{"properties":{"TOKEN":{"default":"@"}},"allOf":[{"properties":{"TOKEN":{"writeOnly":true}}}]}"""),
            ("default of the wrong type", """{"properties":{"TOKEN":{"writeOnly":true,"type":"integer","default":"@"}}}"""),
        })
        {
            using var refused = await _client.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels = Http.Dummy() }, parameters = JsonElement.Parse(schema.Replace("@", Canary($"schema: {name}"), StringComparison.Ordinal)) }, Token);
            Assert.True((int)refused.StatusCode == 400, $"{name}: {refused.StatusCode}");
        }

        using var loose = await _client.PostAsJsonAsync("/api/definitions", new { name = "loose", jobSpec = new { labels = Http.Dummy(), secretParameters = Map("CONSTANT", Canary("refused template") + "{{ nope") } }, Token);
        Assert.Equal(400, (int)loose.StatusCode);
    }

    private async Task ReadDefinitionsAsync()
    {
        foreach (var (name, _, _) in SecretForms)
        {
            foreach (var path in (string[])["", "/versions", "/versions/1", "/diff?from=1&to=1", "/schedules", "/next"])
            {
                using var read = await _client.GetAsync($"/api/definitions/{name}{path}", Token);
                Assert.True((int)read.StatusCode is 200 or 400, $"{name}{path}: {read.StatusCode}");
            }
        }

        foreach (var path in (string[])["/api/definitions?limit=500", "/api/definitions/plain/diff?from=1&to=2", "/swagger/definitions/swagger.json", "/api/schedules", "/api/executions", "/api/runs?definition=plain"])
        {
            using var read = await _client.GetAsync(path, Token);
            Assert.True(read.IsSuccessStatusCode, $"{path}: {read.StatusCode}");
        }

        await ReadKuroko2Async();
        await using var cli = new CliFixture();
        (cli.Environment["ASCOB_URL"], cli.Environment["ASCOB_TOKEN"]) = (_server.Url.ToString(), ApiServer.RootToken);
        Assert.Equal(0, await cli.RunAsync("definition", "list"));
        Assert.Equal(0, await cli.RunAsync("definition", "show", "plain"));
        Search("the command line's output", Encoding.UTF8.GetBytes(cli.Output));
        Search("the command line's complaints", Encoding.UTF8.GetBytes(cli.Error));
    }

    private async Task ReadKuroko2Async()
    {
        using var portal = new HttpClient(_answers, disposeHandler: false) { BaseAddress = _server.Url };
        portal.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Kuroko2Application}:{_canaries["key of an application"]}")));
        using var all = await portal.GetAsync("/v1/definitions", Token);
        Assert.True(all.IsSuccessStatusCode, $"/v1/definitions: {all.StatusCode}");
        var id = (await _client.JsonAsync("/api/definitions/plain")).GetProperty("id").GetInt64();
        using var one = await portal.GetAsync($"/v1/definitions/{id}", Token);
        using var wrong = await portal.PostAsJsonAsync($"/v1/definitions/{id}/instances", new { env = Map("TOKEN", Canary("variable of an application")) }, Token);
    }

    private async Task DefineAsync(string name, string constant, string schema)
    {
        using var made = await _client.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels = Http.Dummy(), secretParameters = Map("CONSTANT", constant) }, parameters = JsonElement.Parse(schema) }, Token);
        Assert.True((int)made.StatusCode == 201, await made.Content.ReadAsStringAsync(Token));
    }

    private async Task<long> LaunchedAsync(string name, string parameters)
    {
        var id = (await LaunchAsync(name, $$"""{"parameters":{{parameters}}}""", 201)).GetProperty("runId").GetInt64();
        _runs.Add(id);
        return id;
    }

    private async Task<JsonElement> LaunchAsync(string name, string body, int? status = null)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _client.PostAsync($"/api/definitions/{name}/runs", content, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(status is null || status == (int)answer.StatusCode, $"{name}: {answer.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }
}
