using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api.Kuroko2;

/// <summary>Launches of a script over the native API with a job of one's own.</summary>
public sealed class EditedScriptTests : Kuroko2Api
{
    [Fact]
    public async Task EditedJob_WithAMaskInPlaceOfASecret_IsRefusedByField_AndLeavesNoRun()
    {
        var definition = await DefineAsync("job", "execute: echo hello");

        using var response = await LaunchEditedAsync(definition, new Dictionary<string, string> { ["PASSWORD"] = "***" });

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await JsonAsync(response)).GetProperty("errors").TryGetProperty("jobSpec.secretParameters.PASSWORD", out _));
        Assert.Equal(0, (await Root.GetFromJsonAsync<JsonElement>("/api/runs", Cancel)).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task EditedJob_WithValuesOfItsOwn_RunsAsItIs()
    {
        var definition = await DefineAsync("job", "execute: echo hello");

        using var response = await LaunchEditedAsync(definition, new Dictionary<string, string> { ["PASSWORD"] = "mine" });

        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        var run = (await JsonAsync(response)).GetProperty("runId").GetInt64();
        Assert.Equal("SUCCEEDED", (await EndOfAsync(run)).GetProperty("status").GetString());
        Assert.Equal("{{ braces }} 4\n", await OutputAsync(run));
    }

    private Task<HttpResponseMessage> LaunchEditedAsync(long definition, Dictionary<string, string> secrets) => Root.PostAsJsonAsync(
        $"/api/definitions/{definition}/runs",
        new { jobSpec = new { labels = new { shell_command = "echo '{{ braces }}' ${#PASSWORD}" }, secretParameters = secrets } },
        Cancel);
}
