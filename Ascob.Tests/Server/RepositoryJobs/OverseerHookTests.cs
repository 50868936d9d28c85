using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Server.Repository;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>The hooks of a repository.</summary>
public sealed class OverseerHookTests : OverseerApi
{
    [Fact]
    public async Task Overseer_33_34_HooksAreToldOfTheStatusesThatTheyAreFor_WithAWorkingAddressOfTheExecution()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var server = await StartAsync("--Ascob:Notifications:AllowedInternal:0", "127.0.0.1");
        using var client = server.Client();
        Git.Commit(
            ("overseer.yml", $"hooks:\n  complete:\n    - {receiver.Url}/complete\n  fail:\n    - {receiver.Url}/fail\n  '*':\n    - {receiver.Url}/all\n"),
            ("hello.yml", $"- command: echo hello\n  hooks:\n    complete:\n      - {receiver.Url}/own\n"),
            ("bad.yml", "- command: exit 3\n"));
        using var refreshed = await client.PostAsync("/api/repository/refresh", null, Cancel);
        Assert.True(refreshed.IsSuccessStatusCode, await refreshed.Content.ReadAsStringAsync(Cancel));
        await UntilKeptAsync(client, 4);

        using var first = await client.PostAsJsonAsync("/jobs/hello", new { }, Cancel);
        Assert.True(first.IsSuccessStatusCode, await first.Content.ReadAsStringAsync(Cancel));
        await receiver.UntilAsync(2, r => r.Path == "/all");
        using var second = await client.PostAsJsonAsync("/jobs/bad", new { }, Cancel);
        var all = await receiver.UntilAsync(4, r => r.Path == "/all");
        await receiver.UntilAsync(1, r => r.Path == "/fail");
        await receiver.UntilAsync(1, r => r.Path == "/own");

        Assert.Equal(["hello start", "hello complete", "bad start", "bad fail"], all.Select(r => $"{r.Json.GetProperty("job").GetString()} {r.Json.GetProperty("status").GetString()}"));
        Assert.Equal("hello", Assert.Single(receiver.All, r => r.Path == "/complete").Json.GetProperty("job").GetString());
        Assert.Equal("hello", Assert.Single(receiver.All, r => r.Path == "/own").Json.GetProperty("job").GetString());
        Assert.Equal("bad", Assert.Single(receiver.All, r => r.Path == "/fail").Json.GetProperty("job").GetString());
        var metadata = all[1].Json.GetProperty("metadata").GetString()!;
        var execution = await client.GetFromJsonAsync<JsonElement>(metadata, Cancel);
        Assert.Equal(all[1].Json.GetProperty("execution").GetString(), execution.GetProperty("execution").GetString());

        Git.Commit(("overseer.yml", "hooks: {}\n"), ("hello.yml", "- command: echo hello\n"));
        using var again = await client.PostAsync("/api/repository/refresh", null, Cancel);
        await UntilKeptAsync(client, 0);

        // The files of commits are read-only, to whoever is not root.
        await server.App.StopAsync(Cancel);
        CheckoutWriter.TryDelete(Path.Combine(server.DataDirectory, "repository"));
    }

    private static async Task UntilKeptAsync(HttpClient client, int count)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var list = await client.GetFromJsonAsync<SubscriptionList>("/api/notifications/subscriptions", AscobJson.Options, Cancel);
            if (list!.Items.Count(s => s.Source == "repository") == count)
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), string.Join('\n', list.Items));
            await Task.Delay(100, Cancel);
        }
    }
}
