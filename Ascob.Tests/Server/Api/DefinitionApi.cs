using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Server.Api;

/// <summary>Tests of definitions over HTTP.</summary>
public abstract class DefinitionApi : RunApi
{
    /// <summary>Makes a definition of the dummy backend.</summary>
    protected async Task<JsonElement> DefineAsync(string name, object? parameters = null, string nextExecution = "always", string? description = null, object? jobSpec = null, string[]? tags = null)
    {
        using var response = await Root.PostAsJsonAsync("/api/definitions", new { name, description, jobSpec = jobSpec ?? new { labels = Dummy() }, parameters, nextExecution, tags }, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return await JsonAsync(response);
    }

    protected async Task<HttpResponseMessage> LaunchAsync(string name, object? parameters = null, string? key = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/definitions/{Uri.EscapeDataString(name)}/runs") { Content = JsonContent.Create(new { parameters }) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await (client ?? Root).SendAsync(request, Cancel);
    }

    protected async Task<JsonElement> GetAsync(string path) => await Root.GetFromJsonAsync<JsonElement>(path, Cancel);

    protected static async Task<Dictionary<string, string>> ErrorsAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var body = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {body}");
        return JsonDocument.Parse(body).RootElement.TryGetProperty("errors", out var errors)
            ? errors.EnumerateObject().ToDictionary(e => e.Name, e => e.Value[0].GetString()!, StringComparer.Ordinal)
            : [];
    }
}
