using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Ascob.Tests.Server.Schedules;

/// <summary>What nobody means, asked over HTTP.</summary>
public sealed class OddInputTests : ScheduleApi
{
    [Theory]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"count":0}""", "count")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"count":-1}""", "count")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"count":501}""", "count")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"count":99999999999}""", "count")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"count":"ten"}""", "count")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"from":"9999-12-31T23:59:59Z"}""", "from")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"from":"0001-01-01T00:00:00Z"}""", "from")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"from":"yesterday"}""", "from")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","startAt":"9999-12-31T23:59:59Z"}}""", "schedule.startAt")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","endAt":"9999-12-31T23:59:59.9999999Z"}}""", "schedule.endAt")]
    [InlineData("""{"schedule":{"startAt":"0001-01-01T00:00:00Z"}}""", "schedule.startAt")]
    [InlineData("""{"schedule":{"everySeconds":9223372036854775807}}""", "schedule.everySeconds")]
    [InlineData("""{"schedule":{"everySeconds":-5}}""", "schedule.everySeconds")]
    [InlineData("""{"schedule":{"everySeconds":1.5}}""", "schedule.everySeconds")]
    [InlineData("""{"schedule":{"everySeconds":1e400}}""", "schedule.everySeconds")]
    [InlineData("""{"schedule":{"everySeconds":60,"jitterSeconds":99999999999}}""", "schedule.jitterSeconds")]
    [InlineData("""{"schedule":{"everySeconds":60,"jitterSeconds":86400}}""", "schedule.jitterSeconds")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","priority":"1.5"}}""", "schedule.priority")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","catchUp":{"policy":"all","limit":0}}}""", "schedule.catchUp.limit")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","catchUp":{"policy":"one","limit":5}}}""", "schedule.catchUp.limit")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","catchUp":{"policy":"one","notOlderThanSeconds":0}}}""", "schedule.catchUp.notOlderThanSeconds")]
    [InlineData("""{"schedule":{"cron":"0 0 31 4,6,9,11 *"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"0 0 * * 5#6"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"0 0 32W * *"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"0 0 0 * *"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"H * * * *"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"@daily"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"*/0 * * * *"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"* * * * *\u0000"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"٣ * * * *"}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":""}}""", "schedule.cron")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","timeZone":""}}""", "schedule.timeZone")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","timeZone":"Europe/Berlin\u0000"}}""", "schedule.timeZone")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *","timeZone":"Europe"}}""", "schedule.timeZone")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"suspensions":[null]}""", "suspensions")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"suspensions":[{}]}""", "suspensions[0].cron")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"suspensions":[{"cron":"* * * * * *"}]}""", "suspensions[0].cron")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"suspensions":[{"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}]}""", "suspensions[0].to")]
    [InlineData("""{"schedule":{"cron":"0 0 * * *"},"suspensions":[{"cron":"* * * * *"}]}""", "schedule.cron")]
    [InlineData("""{"schedule":null}""", "schedule")]
    public async Task APreview_OfWhatCannotBe_IsRefusedWithItsField(string body, string field)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Root.PostAsync("/api/schedules/preview", content, Cancel);
        Assert.Equal(field, await FieldsAsync(response));
    }

    [Theory]
    [InlineData("0 0 29 2 *", "2094-03-09T00:00:00Z", "2096-02-29 2104-02-29")]
    [InlineData("0 0 L 2 *", "2027-01-01T00:00:00Z", "2027-02-28 2028-02-29")]
    [InlineData("0 0 L-1 2 *", "2027-01-01T00:00:00Z", "2027-02-27 2028-02-28")]
    [InlineData("0 0 LW * *", "2026-05-01T00:00:00Z", "2026-05-29 2026-06-30")]
    [InlineData("0 0 15W * *", "2026-08-01T00:00:00Z", "2026-08-14 2026-09-15")]
    [InlineData("0 0 * * 5#3", "2026-05-01T00:00:00Z", "2026-05-15 2026-06-19")]
    [InlineData("0 0 * * FRIL", "2026-05-01T00:00:00Z", "2026-05-29 2026-06-26")]
    [InlineData("0 0 13 * FRI", "2026-05-09T00:00:00Z", "2026-05-13 2026-05-15")]
    [InlineData("0 0 31 12 *", "2199-12-31T00:00:00Z", "2199-12-31 2200-12-31")]
    public async Task APreview_OfRareDays_ShowsThem(string cron, string from, string expected) =>
        Assert.Equal(expected.Split(' '), (await PreviewAsync(new { cron }, from, 2)).Select(l => l[..10]));

    [Fact]
    public async Task APreview_OfTheWorstSuspensions_IsAnsweredSoon()
    {
        // Each takes single minutes out, together all of them: to be sure of that, years would have to be gone through minute by minute.
        List<object> suspensions = [.. Enumerable.Range(0, 98).Select(i => new { cron = string.Create(CultureInfo.InvariantCulture, $"{i % 60} * * 1-11 *") }), new { cron = "*/2 * * * *" }, new { cron = "1-59/2 * * * *" }];
        var begun = Stopwatch.GetTimestamp();

        using var response = await Root.PostAsJsonAsync("/api/schedules/preview", new { schedule = new { cron = "* * * * * *" }, suspensions, from = "2026-01-01T00:00:00Z", count = 500 }, Cancel);

        Assert.True((int)response.StatusCode is 200 or 400, await response.Content.ReadAsStringAsync(Cancel));
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(20), $"It took {Stopwatch.GetElapsedTime(begun)}.");
    }

    [Fact]
    public async Task Questions_ThatMakeNoSense_AreRefused()
    {
        var definition = await DefineAsync();
        var id = (await AddedAsync(definition, new { cron = "0 3 * * *" })).GetProperty("id").GetInt64();
        var path = $"/api/definitions/{definition}";
        foreach (var (question, status) in new (string, int)[]
        {
            ($"{path}/next?count=0", 400), ($"{path}/next?count=-1", 400), ($"{path}/next?count=501", 400), ($"{path}/next?count=99999999999999999999", 400), ($"{path}/next?count=x", 400),
            ($"{path}/schedules/{id}/next?count=0", 400), ($"{path}/schedules/{id}/ticks?limit=0", 400), ($"{path}/schedules/{id}/ticks?limit=501", 400), ($"{path}/schedules/{id}/ticks?before=x", 400),
            ($"{path}/schedules/{id}/ticks?before=0001-01-01T00:00:00Z", 200), ($"{path}/schedules/{id}/ticks?before=9999-12-31T23:59:59.9999999Z", 200),
            ($"{path}/schedules/x", 400), ($"{path}/schedules/-1", 400), ($"{path}/schedules/99999999999999999999", 400), ($"{path}/schedules/0", 404), ($"{path}/schedules/{long.MaxValue}", 404),
            ($"{path}/schedules/{long.MaxValue}/next", 404), ("/api/schedules?after=-1", 400), ("/api/schedules?limit=0", 400), ($"/api/schedules?after={long.MaxValue}", 200), ("/api/definitions/nobody/schedules", 404),
        })
        {
            using var response = await Root.GetAsync(question, Cancel);
            Assert.True((int)response.StatusCode == status, $"{question}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Cancel)}");
        }
    }

    [Fact]
    public async Task Changes_ThatMakeNoSense_AreRefused()
    {
        var definition = await DefineAsync();
        var id = (await AddedAsync(definition, new { cron = "0 3 * * *" })).GetProperty("id").GetInt64();
        var path = $"/api/definitions/{definition}/schedules";
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 200);
        foreach (var (method, address, body, status) in new (HttpMethod, string, string, int)[]
        {
            (HttpMethod.Post, path, "", 400), (HttpMethod.Post, path, "[]", 400), (HttpMethod.Post, path, "null", 400), (HttpMethod.Post, path, "{", 400), (HttpMethod.Post, path, "{}", 400),
            (HttpMethod.Post, path, """{"schedule":[]}""", 400), (HttpMethod.Post, path, """{"schedule":{"cron":"0 4 * * *"},"version":1}""", 400),
            (HttpMethod.Post, path, "{\"schedule\":{\"cron\":\"0 4 * * *\",\"parameters\":" + deep + "}}", 400),
            (HttpMethod.Post, path, "{\"schedule\":{\"cron\":\"0 4 * * *\",\"description\":\"" + new string('x', 501) + "\"}}", 400),
            (HttpMethod.Post, path, """{"schedule":{"cron":"0 4 * * *","description":"\ud800"}}""", 400),
            (HttpMethod.Post, path, """{"schedule":{"cron":"0 4 * * *","timeZone":"\ud800"}}""", 400),
            (HttpMethod.Post, path, """{"schedule":{"cron":"\ud800 4 * * *"}}""", 400),
            (HttpMethod.Post, path, """{"schedule":{"cron":"0 4 * * *","parameters":{"\ud800":1}}}""", 400),
            (HttpMethod.Put, $"{path}/{id}", """{"schedule":{"cron":"0 4 * * *"},"version":0}""", 409), (HttpMethod.Put, $"{path}/{id}", """{"schedule":{"cron":"0 4 * * *"},"version":-1}""", 409),
            (HttpMethod.Put, $"{path}/{id}", """{"schedule":{"cron":"0 4 * * *"},"version":"1"}""", 400), (HttpMethod.Put, $"{path}/{id + 1000}", """{"schedule":{"cron":"0 4 * * *"}}""", 404),
            (HttpMethod.Put, $"{path}/{id}", """{"schedule":null}""", 400), (HttpMethod.Delete, $"{path}/{id + 1000}", "", 404), (HttpMethod.Delete, $"{path}/x", "", 400),
        })
        {
            using var request = new HttpRequestMessage(method, address) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using var response = await Root.SendAsync(request, Cancel);
            Assert.True((int)response.StatusCode == status, $"{method} {address} {body[..Math.Min(80, body.Length)]}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Cancel)}");
        }

        var left = (await Root.GetFromJsonAsync<JsonElement>(path, Cancel)).GetProperty("items");
        Assert.Equal((1, 1), (left.GetArrayLength(), left[0].GetProperty("version").GetInt32()));
    }

    [Fact]
    public async Task ManyReplacementsAtOnce_WithoutAVersion_AllCome()
    {
        var definition = await DefineAsync();
        var id = (await AddedAsync(definition, new { cron = "0 3 * * *" })).GetProperty("id").GetInt64();

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Root.PutAsJsonAsync($"/api/definitions/{definition}/schedules/{id}", new { schedule = new { cron = $"{i} 4 * * *" } }, Cancel)));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        var last = await Root.GetFromJsonAsync<JsonElement>($"/api/definitions/{definition}/schedules/{id}", Cancel);
        Assert.Equal(5, last.GetProperty("version").GetInt32());
        Assert.Equal(last.GetProperty("schedule").GetProperty("cron").GetString()!.Split(' ')[0], Time(last, "nextFiring").Minute.ToString(CultureInfo.InvariantCulture));
    }
}
