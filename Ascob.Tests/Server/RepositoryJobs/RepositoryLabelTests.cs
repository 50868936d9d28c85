using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>Only jobs of the repository pass for jobs of the repository.</summary>
public sealed class RepositoryLabelTests : OverseerApi
{
    private static readonly string Commit = new('a', 40);

    [Theory]
    [InlineData("overseer_job")]
    [InlineData("shell_commit")]
    public async Task ALabelOfTheServer_IsRefusedWhereverAJobComesIn(string label)
    {
        await ApplyAsync(("hello.yml", "- command: echo hello"));
        using var portal = await Server.ClientAsync(["job_submit", "definition_write", "definition_launch", "definition_read"], ["alice"]);
        var value = label == "overseer_job" ? "hello" : Commit;
        var jobSpec = new { submitter = "alice", labels = new Dictionary<string, string> { [label] = value, ["shell_command"] = "true" } };
        using var made = await portal.PostAsJsonAsync("/api/definitions", new { name = "own", jobSpec = new { submitter = "alice", labels = new { shell_command = "true" } } }, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        await RefusedAsync(await portal.PostAsJsonAsync("/api/runs", new { jobSpec }, Cancel), label);
        await RefusedAsync(await portal.PostAsJsonAsync("/api/routing/explain", new { jobSpec }, Cancel), label);
        await RefusedAsync(await portal.PostAsJsonAsync("/api/definitions", new { name = "other", jobSpec }, Cancel), label);
        await RefusedAsync(await portal.PutAsJsonAsync("/api/definitions/own", new { jobSpec }, Cancel), label);
        await RefusedAsync(await portal.PostAsJsonAsync("/api/definitions/own/runs", new { jobSpec }, Cancel), label);
        using var edited = await portal.PostAsJsonAsync("/api/definitions/hello/runs", new { jobSpec }, Cancel);
        Assert.Equal(HttpStatusCode.Conflict, edited.StatusCode);

        Assert.Empty((await GetAsync("/jobs/hello")).GetProperty("executions").EnumerateArray());
        Assert.Empty((await GetAsync("/api/runs")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task AnEditedTemplateOfARepositoryJob_IsRefused()
    {
        await ApplyAsync(("hello.yml", "- command: echo hello"));

        using var launched = await Root.PostAsJsonAsync("/api/definitions/hello/runs", new { jobSpec = new { labels = new { shell_command = "echo other" } } }, Cancel);

        Assert.Equal(HttpStatusCode.Conflict, launched.StatusCode);
        Assert.Equal("definition.read_only", (await JsonAsync(launched)).GetProperty("code").GetString());
        Assert.Empty((await GetAsync("/jobs/hello")).GetProperty("executions").EnumerateArray());
    }

    [Fact]
    public async Task ARepetition_IsAnExecutionToo_ButWithTheValuesThatTheJobHasChecked()
    {
        await ApplyAsync(("hello.yml", "- command: echo {{ x }}\n  vars: [{name: x, type: int}]"));
        var execution = await ExecuteAsync("hello", new { x = 7 });
        var runId = (await EndAsync(execution)).GetProperty("runId").GetInt64();

        using var again = await Root.PostAsJsonAsync($"/api/runs/{runId}/resubmit", new { }, Cancel);
        using var other = await Root.PostAsJsonAsync($"/api/runs/{runId}/resubmit", new { parameters = new { OVERSEER_VAR_X = "$(id)" } }, Cancel);

        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal(2, (await GetAsync("/jobs/hello")).GetProperty("executions").GetArrayLength());
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        Assert.True((await JsonAsync(other)).GetProperty("errors").TryGetProperty("parameters", out _));
    }

    private static async Task RefusedAsync(HttpResponseMessage response, string label)
    {
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.RequestMessage!.RequestUri}: {response.StatusCode} {text}");
        Assert.True(JsonDocument.Parse(text).RootElement.GetProperty("errors").TryGetProperty($"jobSpec.labels.{label}", out _), text);
        response.Dispose();
    }
}
