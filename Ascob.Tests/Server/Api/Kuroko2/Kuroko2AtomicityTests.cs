using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Ascob.Tests.Server.Api.Kuroko2;

/// <summary>What a change over kuroko2's API stores breaks off between any two of its steps: the database refuses the step, as it would be missing after the server was killed before it.</summary>
public sealed class Kuroko2AtomicityTests : Kuroko2Api
{
    protected override string[] Settings => ["--Ascob:Notifications:AllowedInternal:0", "127.0.0.1"];

    public static TheoryData<string> Steps => ["INSERT ON definition_versions", "INSERT ON schedules", "UPDATE ON schedules", "INSERT ON notification_subscriptions"];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_creation_that_breaks_off_leaves_nothing_and_can_be_made_again(string step)
    {
        var body = Definition("whole", "noop:", ("cron", new[] { "0 3 * * *" }), ("webhook_url", "http://127.0.0.1:1/a"));
        await using (await BreakAsync(step))
        {
            using var broken = await Portal.PostAsJsonAsync("/v1/definitions", body, Cancel);
            Assert.True((int)broken.StatusCode >= 500, $"{broken.StatusCode}");
        }

        Assert.Equal("[]", await Portal.GetStringAsync("/v1/definitions", Cancel));
        Assert.Empty((await Root.GetFromJsonAsync<JsonElement>("/api/schedules", Cancel)).GetProperty("items").EnumerateArray());
        Assert.Empty((await Root.GetFromJsonAsync<JsonElement>("/api/notifications/subscriptions", Cancel)).GetProperty("items").EnumerateArray());
        using var made = await Portal.PostAsJsonAsync("/v1/definitions", body, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal(("http://127.0.0.1:1/a", 1), Show(await JsonAsync(made)));
    }

    [Theory]
    [InlineData("INSERT ON definition_versions")]
    [InlineData("DELETE ON schedules")]
    [InlineData("INSERT ON schedules")]
    [InlineData("UPDATE ON notification_subscriptions")]
    public async Task An_update_that_breaks_off_leaves_everything_as_it_was_and_can_be_made_again(string step)
    {
        var id = await DefineAsync("before", "noop:", ("cron", new[] { "0 3 * * *" }), ("webhook_url", "http://127.0.0.1:1/a"));
        var before = await Portal.GetStringAsync($"/v1/definitions/{id}", Cancel);
        var change = new { name = "after", script = "execute: true", suspended = true, cron = new[] { "0 4 * * *" }, webhook_url = "http://127.0.0.1:1/b", tags = new[] { "t" } };
        await using (await BreakAsync(step))
        {
            using var broken = await Portal.PutAsJsonAsync($"/v1/definitions/{id}", change, Cancel);
            Assert.True((int)broken.StatusCode >= 500, $"{broken.StatusCode}");
            Assert.Equal(before, await Portal.GetStringAsync($"/v1/definitions/{id}", Cancel));
        }

        using var made = await Portal.PutAsJsonAsync($"/v1/definitions/{id}", change, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, made.StatusCode);
        var after = await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel);
        Assert.Equal(("after", true, "0 4 * * *", "http://127.0.0.1:1/b"), (after.GetProperty("name").GetString(), after.GetProperty("suspended").GetBoolean(), after.GetProperty("cron")[0].GetString(), after.GetProperty("webhook_url").GetString()));
    }

    [Fact]
    public async Task A_deletion_that_breaks_off_leaves_everything()
    {
        var id = await DefineAsync("whole", "noop:", ("cron", new[] { "0 3 * * *" }), ("webhook_url", "http://127.0.0.1:1/a"));
        await using (await BreakAsync("DELETE ON notification_subscriptions"))
        {
            using var broken = await Portal.DeleteAsync($"/v1/definitions/{id}", Cancel);
            Assert.True((int)broken.StatusCode >= 500, $"{broken.StatusCode}");
        }

        Assert.Equal(("http://127.0.0.1:1/a", 1), Show(await Portal.GetFromJsonAsync<JsonElement>($"/v1/definitions/{id}", Cancel)));
    }

    private static (string?, int) Show(JsonElement definition) => (definition.GetProperty("webhook_url").GetString(), definition.GetProperty("cron").GetArrayLength());

    private async Task<IAsyncDisposable> BreakAsync(string step)
    {
        await ExecuteAsync($"CREATE TRIGGER broken BEFORE {step} BEGIN SELECT RAISE(ABORT, 'broken off'); END");
        return new Mending(() => ExecuteAsync("DROP TRIGGER broken"));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = System.IO.Path.Combine(Server.DataDirectory, "ascob.db"), DefaultTimeout = 10, Pooling = false }.ToString());
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is this test's own.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private sealed class Mending(Func<Task> mend) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await mend();
    }
}
