using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>Templates of definitions, through a real shell.</summary>
public sealed class DefinitionTemplateApiTests : IAsyncLifetime
{
    private static readonly string[] Hostile =
    [
        "plain", "", " ", "two words", "it's", "\"", "'", "''", "\\", "\\\\", "\\'", "a\\", "$HOME", "${HOME}", "$(id)", "`id`", "; rm -rf /", "&& id", "| cat", "> /tmp/x", "< /etc/passwd", "*", "?", "[a-z]", "~", "~root",
        "!", "!!", "#", "a #b", "-n", "--help", "%s", "a=b", "(", ")", "{a,b}", "line\nbreak", "tab\there", "ünïcode – 漢字 🎉", "'; id; '", "\"; id; \"", "$(echo \"$(id)\")", "'\"'\"'", "\n", "{{ value }}", "{% raw %}",
    ];

    private ApiServer _server = null!;
    private HttpClient _root = null!;
    private string _programs = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _programs = Directory.CreateTempSubdirectory("ascob-programs-").FullName;
        var program = Path.Combine(_programs, "show");
        await File.WriteAllTextAsync(program, "#!/bin/sh\nprintf '%s\\n' $#\nprintf '<%s>' \"$@\"\n", Cancel);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        _server = await ApiServer.StartAsync(
            null, "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00", "--Ascob:Backends:shell:ExecutablesDirectory", _programs);
        _root = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_programs, recursive: true);
    }

    [Fact]
    public async Task HostileValues_ReachAProgramAsItsArguments_EachAsOne_AndAListAsMany()
    {
        using var made = await _root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = "arguments",
                jobSpec = new { labels = Labels(("shell_executable", "show"), ("shell_arguments", """["--", "{{ value }}", "a{{ value }}b", "{{ all }}", "{{ none }}"]""")) },
                parameters = new { type = "object", properties = new Dictionary<string, object> { ["value"] = Pass("string"), ["all"] = Pass("array"), ["none"] = Pass("array") } },
            },
            Cancel);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancel));
        foreach (var chunk in Hostile.Append("\", \"--evil").Append("\"]").Chunk(8))
        {
            var outputs = await Task.WhenAll(chunk.Select(value => OutputAsync("arguments", new { value, all = new[] { value, "x", value }, none = Array.Empty<string>() })));
            foreach (var (value, output) in chunk.Zip(outputs))
            {
                Assert.Equal($"6\n<--><{value}><a{value}b><{value}><x><{value}>", output);
            }
        }
    }

    [Fact]
    public async Task ListInTheMiddleOfAnArgument_StaysOneArgument()
    {
        using var made = await _root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = "joined",
                jobSpec = new { labels = Labels(("shell_executable", "show"), ("shell_arguments", """["{{ all | join: ',' }}", "x{{ all }}"]""")) },
                parameters = new { type = "object", properties = new Dictionary<string, object> { ["all"] = Pass("array") } },
            },
            Cancel);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancel));

        Assert.StartsWith("2\n<a b,\", \"c>", await OutputAsync("joined", new { all = new[] { "a b", "\", \"c" } }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ParameterNames_ThatNoShellJobMayHave_AreRefusedWhenSaved_WithThePlace()
    {
        static object Of(string type) => new { type };
        using var response = await _root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = "x",
                jobSpec = new
                {
                    labels = new Dictionary<string, string> { ["shell_command"] = "true" },
                    parameters = new Dictionary<string, string> { ["LD_PRELOAD"] = "x", ["fine"] = "x" },
                    secretParameters = new Dictionary<string, string> { ["BASH_ENV"] = "x" },
                },
                parameters = new
                {
                    properties = new Dictionary<string, object> { ["PATH"] = Of("string"), ["ascob_run"] = Of("string"), ["a-b"] = Of("string"), ["fine"] = Of("string"), ["host"] = Of("string"), ["HOME"] = Pass("string") },
                },
            },
            Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var errors = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("errors").EnumerateObject().Select(e => e.Name);
        Assert.Equivalent(new[] { "jobSpec.parameters.LD_PRELOAD", "jobSpec.secretParameters.BASH_ENV", "parameters.properties.PATH", "parameters.properties.ascob_run", "parameters.properties.a-b" }, errors, strict: true);
    }

    [Theory]
    [InlineData("""{"_execution_backend_id":"shell","shell_command":"true"}""", false)]
    [InlineData("""{"_execution_backend_id":"elsewhere","shell_command":"true"}""", true)]
    [InlineData("""{"jenkins_project_name":"app"}""", true)]
    [InlineData("""{"zone":"a"}""", true)]
    public async Task ParameterNames_AreHeldAgainstTheBackendThatTheLabelsName(string labels, bool isFine)
    {
        using var response = await _root.PostAsJsonAsync(
            "/api/definitions",
            new { name = "x", jobSpec = new { labels = JsonDocument.Parse(labels).RootElement }, parameters = new { properties = new Dictionary<string, object> { ["PATH"] = new { type = "string" } } } },
            Cancel);

        Assert.Equal(isFine ? HttpStatusCode.Created : HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task HostileValues_ReachTheCommandAsTheyAre_AsWordsInQuotesAndInLists()
    {
        await DefineAsync(
            "echo",
            """printf '<%s>' {{ value }} "{{ value }}" 'a{{ value }}b' {{ all }}; echo""",
            new { type = "object", properties = new Dictionary<string, object> { ["value"] = Pass("string"), ["all"] = Pass("array") } });
        foreach (var chunk in Hostile.Chunk(8))
        {
            var outputs = await Task.WhenAll(chunk.Select(value => OutputAsync("echo", new { value, all = new[] { value, "x" } })));
            foreach (var (value, output) in chunk.Zip(outputs))
            {
                Assert.Equal($"<{value}><{value}><a{value}b><{value}><x>\n", output);
            }
        }
    }

    [Fact]
    public async Task ValuesInParameters_ReachTheJobAsTheyAre()
    {
        using var made = await _root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = "arguments",
                jobSpec = new { description = "with {{ value }}", labels = Labels(("shell_command", "printf '<%s>' \"$A\" \"$B\"; echo")), parameters = new Dictionary<string, string> { ["A"] = "x{{ value }}y", ["B"] = "{{ all }}" } },
                parameters = new { type = "object", properties = new Dictionary<string, object> { ["value"] = Pass("string"), ["all"] = Pass("array") } },
            },
            Cancel);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancel));

        Assert.Equal("<x\", \"evil'y><a b>\n", await OutputAsync("arguments", new { value = "\", \"evil'", all = new[] { "a", "b" } }));
    }

    [Theory]
    [InlineData("echo {{ stranger }}", "There is no parameter 'stranger'.")]
    [InlineData("echo {{ value", null)]
    [InlineData("echo {% if value %}", null)]
    [InlineData("cat <<EOF\n{{ value }}\nEOF", null)]
    [InlineData("echo `{{ value }}`", null)]
    [InlineData("echo {{ value | upcase | nofilter }}", "there is no filter 'nofilter'.")]
    [InlineData("{% if value %}{% assign x = value | strip_html %}{% endif %}", "there is no filter 'strip_html'.")]
    [InlineData("echo {{ secret }}", "The secret parameter 'secret' may stand in secretParameters only, where nobody reads it; a job finds it in its environment.")]
    [InlineData("{% for i in (1..100000000) %}x{% endfor %}", null)]
    public async Task BrokenOrUnsafeTemplates_AreRefusedWhenSaved_WithThePlace(string command, string? message)
    {
        using var response = await _root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = "x",
                jobSpec = new { labels = Labels(("shell_command", command)) },
                parameters = new { type = "object", properties = new { value = new { type = "string" }, secret = new { type = "string", writeOnly = true } } },
            },
            Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var errors = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("errors").GetProperty("jobSpec.labels.shell_command");
        if (message is not null)
        {
            Assert.Equal(message, errors[0].GetString());
        }
    }

    [Theory]
    [InlineData("""["--host={{ host }}", {{ n | json }}]""")]
    [InlineData("""{{ all }}""")]
    [InlineData("""[{% for a in all %}"{{ a }}",{% endfor %}"x"]""")]
    public async Task ArgumentsWhoseValuesStandOutsideOfTheStrings_AreRefusedWhenSaved_AndInAnEditedTemplate(string arguments)
    {
        var parameters = new { type = "object", properties = new { host = new { type = "string" }, n = new { type = "string" }, all = new { type = "array" } } };
        var jobSpec = new { labels = Labels(("shell_command", "echo"), ("shell_arguments", arguments)) };
        await DefineAsync("fine", "echo", parameters);

        using var saved = await _root.PostAsJsonAsync("/api/definitions", new { name = "loose", jobSpec, parameters }, Cancel);
        using var launched = await _root.PostAsJsonAsync("/api/definitions/fine/runs", new { parameters = new { host = "a\",\"--evil\",\"b", n = "x" }, jobSpec }, Cancel);

        foreach (var refused in new[] { saved, launched })
        {
            var body = await refused.Content.ReadAsStringAsync(Cancel);
            Assert.True(refused.StatusCode == HttpStatusCode.BadRequest, $"{refused.StatusCode}: {body}");
            Assert.Contains("Each item", JsonDocument.Parse(body).RootElement.GetProperty("errors").GetProperty("jobSpec.labels.shell_arguments")[0].GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ArgumentsAsStrings_StayOneItemEach_WhateverTheValueIs()
    {
        var parameters = new { type = "object", properties = new Dictionary<string, object> { ["host"] = Pass("string"), ["all"] = Pass("array") } };
        using var made = await _root.PostAsJsonAsync(
            "/api/definitions",
            new { name = "strings", jobSpec = new { labels = Labels(("shell_executable", "show"), ("shell_arguments", """["--host={{ host }}", "{{ all }}"]""")) }, parameters },
            Cancel);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancel));

        Assert.Equal("3\n<--host=a\",\"--evil\",\"b><x><y z>", await OutputAsync("strings", new { host = "a\",\"--evil\",\"b", all = new[] { "x", "y z" } }));
    }

    [Fact]
    public async Task SecretParameter_ReachesTheJobAndNobodyElse()
    {
        var canary = $"canary-{Guid.NewGuid():N}";
        using var made = await _root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = "secret",
                jobSpec = new { labels = Labels(("shell_command", "test \"$URL\" = \"https://x:$password@y\" && echo same")), secretParameters = new Dictionary<string, string> { ["URL"] = "https://x:{{ password }}@y" } },
                parameters = new { type = "object", properties = new { password = new { type = "string", writeOnly = true } } },
            },
            Cancel);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancel));

        Assert.Equal("same\n", await OutputAsync("secret", new { password = canary }));
        Assert.DoesNotContain(canary, await _root.GetStringAsync("/api/runs", Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ValueThatLooksLikeARuntimeVariable_IsRefusedByName()
    {
        using var made = await _root.PostAsJsonAsync(
            "/api/definitions",
            new
            {
                name = "runtime",
                jobSpec = new { runtimeVariables = true, labels = Labels(("shell_command", "echo {{ value }}")) },
                parameters = new { type = "object", properties = new { value = new { type = "string" } } },
            },
            Cancel);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancel));

        using var refused = await _root.PostAsJsonAsync("/api/definitions/runtime/runs", new { parameters = new { value = "%%CALLBACK_URL%%" } }, Cancel);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.True((await refused.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("errors").TryGetProperty("parameters.value", out _));
    }

    private static Dictionary<string, object> Pass(string type) => new() { ["type"] = type, ["x-pass"] = false };

    private static Dictionary<string, string> Labels(params (string Key, string Value)[] more) => new([KeyValuePair.Create("_execution_backend_id", "shell"), .. more.Select(m => KeyValuePair.Create(m.Key, m.Value))]);

    private async Task DefineAsync(string name, string command, object parameters)
    {
        using var made = await _root.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels = Labels(("shell_command", command)) }, parameters }, Cancel);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<string> OutputAsync(string name, object parameters)
    {
        using var launched = await _root.PostAsJsonAsync($"/api/definitions/{name}/runs", new { parameters }, Cancel);
        Assert.True(launched.StatusCode == HttpStatusCode.Created, await launched.Content.ReadAsStringAsync(Cancel));
        var id = (await launched.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("runId").GetInt64();
        var run = await _root.GetFromJsonAsync<JsonElement>($"/api/runs/{id}?waitSeconds=60", Cancel);
        Assert.True(run.GetProperty("status").GetString() == "SUCCEEDED", run.ToString());
        return await _root.GetStringAsync($"/api/runs/{id}/output.txt", Cancel);
    }
}
