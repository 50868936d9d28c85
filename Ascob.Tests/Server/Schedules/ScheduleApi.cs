using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Schedules;

/// <summary>The world of tests of schedules over HTTP.</summary>
public abstract class ScheduleApi : RunApi
{
    protected async Task<string> DefineAsync(object? parameters = null)
    {
        var name = $"job-{Guid.NewGuid():N}";
        using var response = await Root.PostAsJsonAsync("/api/definitions", new { name, jobSpec = new { labels = Dummy() }, parameters }, Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return name;
    }

    protected Task<HttpResponseMessage> AddAsync(string definition, object schedule) => Root.PostAsJsonAsync($"/api/definitions/{definition}/schedules", new { schedule }, Cancel);

    protected Task<HttpResponseMessage> SuspendAsync(string definition, object suspension) => Root.PostAsJsonAsync($"/api/definitions/{definition}/suspensions", new { suspension }, Cancel);

    protected async Task<JsonElement> AddedAsync(string definition, object schedule)
    {
        using var response = await AddAsync(definition, schedule);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return await JsonAsync(response);
    }

    /// <summary>Waits until a firing is in a state, and answers it.</summary>
    protected async Task<JsonElement> TickAsync(string definition, JsonElement schedule, string state)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var ticks = await TicksAsync(Root, definition, schedule.GetProperty("id").GetInt64());
            if (ticks.FirstOrDefault(t => t.GetProperty("state").GetString() == state) is { ValueKind: JsonValueKind.Object } found)
            {
                return found;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(2), $"No firing is {state}: {string.Join('\n', ticks)}");
            await Task.Delay(50, Cancel);
        }
    }

    protected static async Task<List<JsonElement>> TicksAsync(HttpClient client, string definition, long schedule) =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/schedules/{schedule}/ticks?limit=500", Cancel)).GetProperty("items").EnumerateArray()];

    /// <summary>Answers the refused fields of an answer that must be a 400.</summary>
    protected static async Task<string> FieldsAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var body = await response.Content.ReadAsStringAsync(Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.StatusCode}: {body}");
            return string.Join(' ', JsonDocument.Parse(body).RootElement.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
        }
    }

    protected async Task<IReadOnlyList<string>> PreviewAsync(object schedule, string from, int count = 10, params object[] suspensions)
    {
        using var response = await Root.PostAsJsonAsync("/api/schedules/preview", new { schedule, suspensions, from, count }, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return [.. (await JsonAsync(response)).GetProperty("items").EnumerateArray().Select(f => f.GetProperty("local").GetString()!)];
    }

    protected static DateTimeOffset Time(JsonElement element, string property) => DateTimeOffset.Parse(element.GetProperty(property).GetString()!, CultureInfo.InvariantCulture);
}
