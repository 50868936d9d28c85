using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
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

    [Fact]
    public async Task Overseer_33_WhatWaitsForOneAddress_IsNeverSentToAnother_AndStaysWhereTheListChanges()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var (away, taken) = (true, new ConcurrentQueue<string>());
        receiver.Answer = (context, message) =>
        {
            if (away)
            {
                context.Response.StatusCode = 503;
            }
            else
            {
                taken.Enqueue($"{message.Path} {message.Json.GetProperty("execution").GetString()}");
            }

            return Task.CompletedTask;
        };
        await using var server = await StartAsync("--Ascob:Notifications:AllowedInternal:0", "127.0.0.1", "--Ascob:Notifications:FirstRetry", "00:00:00.2");
        using var client = server.Client();
        await CommitAsync(client, 1, "a");
        var first = await ExecuteAsync(client);
        await UntilPendingAsync(client, 1);

        // Another comes before the one that waits.
        await CommitAsync(client, 2, "b", "a");
        away = false;
        await UntilTakenAsync($"/a {first}");
        away = true;
        var second = await ExecuteAsync(client);
        await UntilPendingAsync(client, 2);

        // The one before it goes, with what waits for it.
        await CommitAsync(client, 1, "a");
        away = false;
        await UntilTakenAsync($"/a {second}");
        await UntilPendingAsync(client, 0);
        Assert.Equal([$"/a {first}", $"/a {second}"], taken.Distinct());

        await server.App.StopAsync(Cancel);
        CheckoutWriter.TryDelete(Path.Combine(server.DataDirectory, "repository"));

        async Task CommitAsync(HttpClient to, int count, params string[] paths)
        {
            Git.Commit(("overseer.yml", $"hooks:\n  complete: [{string.Join(", ", paths.Select(p => $"'{receiver.Url}/{p}'"))}]\n"), ("hello.yml", "- command: echo hello\n"));
            using var refreshed = await to.PostAsync("/api/repository/refresh", null, Cancel);
            Assert.True(refreshed.IsSuccessStatusCode, await refreshed.Content.ReadAsStringAsync(Cancel));
            await UntilKeptAsync(to, count);
        }

        async Task UntilTakenAsync(string what)
        {
            var begun = TimeProvider.System.GetTimestamp();
            while (!taken.Contains(what))
            {
                Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), $"{what} has not come: {string.Join(", ", taken)}");
                await Task.Delay(50, Cancel);
            }
        }
    }

    [Fact]
    public async Task Hooks_AreSignedWithTheConfiguredSecrets_AndNotWhereThereIsNone()
    {
        await using var receiver = await TestReceiver.StartAsync();
        string[] secrets = [$"whsec_{Convert.ToBase64String(new byte[24])}", $"whsec_{Convert.ToBase64String([.. Enumerable.Repeat((byte)7, 32)])}"];
        string[] common = ["--Ascob:Notifications:AllowedInternal:0", "127.0.0.1"];
        await using var server = await StartAsync([.. common, "--Ascob:Repository:HookSecret", secrets[0], "--Ascob:Repository:PreviousHookSecret", secrets[1]]);
        using (var client = server.Client())
        {
            Git.Commit(("hello.yml", $"- command: echo hello\n  hooks:\n    complete:\n      - {receiver.Url}/signed\n"));
            using var refreshed = await client.PostAsync("/api/repository/refresh", null, Cancel);
            await UntilKeptAsync(client, 1);
            await ExecuteAsync(client);
        }

        var signed = (await receiver.UntilAsync(1))[0];
        byte[] said = [.. Encoding.UTF8.GetBytes($"{signed.Id}.{signed.Headers["webhook-timestamp"]}."), .. signed.Body];
        Assert.Equal(
            secrets.Select(s => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(s["whsec_".Length..]), said))}"),
            signed.Headers["webhook-signature"].Split(' '));

        await server.App.StopAsync(Cancel);
        await using var next = await StartAsync([.. common, "--Ascob:DataDirectory", server.DataDirectory]);
        using (var client = next.Client())
        {
            await UntilKeptAsync(client, 1, s => !s.HasSecret);
            await ExecuteAsync(client);
        }

        Assert.False((await receiver.UntilAsync(2))[1].Headers.ContainsKey("webhook-signature"));
        await next.App.StopAsync(Cancel);
        CheckoutWriter.TryDelete(Path.Combine(server.DataDirectory, "repository"));
    }

    [Theory]
    [InlineData("HookSecret", "short")]
    [InlineData("PreviousHookSecret", "whsec_AAAA")]
    public async Task SecretOfHooks_ThatIsNone_IsRefusedAtTheStart(string name, string value)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync($"--Ascob:Repository:{name}", value));

        Assert.Contains($"Ascob:Repository:{name} must be whsec_ and 24 to 64 bytes in base64", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, refused.Message.Replace("whsec_ and", string.Empty, StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HooksThatAreNotServed_AreErrorsOfTheirFileAndLine_AndTheJobStays()
    {
        var plan = await ApplyAsync(
            ("overseer.yml", "hooks:\n  complete:\n    - http://10.0.0.5/x\n    - https://hooks.example.org/good\n"),
            ("hello.yml", "- command: echo hello\n  hooks:\n    fail:\n      - http://localhost:1/x\n"),
            ("broken.yml", "- command: echo hello\n  hooks:\n    fail:\n      - https://me@example.org/x\n    complete: https://example.org/x#part\n"));

        string[] expected = ["broken.yml:4", "broken.yml:5", "hello.yml:4", "overseer.yml:3"];
        Assert.Equal(expected, Errors(plan));
        Assert.Equal(expected, Errors(await GetAsync("/api/repository")));
        Assert.Contains("inside the house", plan.GetProperty("errors").EnumerateArray().Last().GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(["hello"], Names(await GetAsync("/jobs")));
        Assert.Equal("hello\n", await OutputAsync("hello"));
        await UntilKeptAsync(Root, 1);

        static IEnumerable<string> Errors(JsonElement of) =>
            of.GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("file").GetString()}:{e.GetProperty("line").GetInt32()}").Order(StringComparer.Ordinal);
    }

    private static async Task<string> ExecuteAsync(HttpClient client)
    {
        using var made = await client.PostAsJsonAsync("/jobs/hello", new { }, Cancel);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancel));
        return made.Headers.Location!.OriginalString.Split('/')[^1];
    }

    private static async Task UntilPendingAsync(HttpClient client, int count)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var list = await client.GetFromJsonAsync<DeliveryList>("/api/notifications/deliveries?state=pending", AscobJson.Options, Cancel);
            if (list!.Items.Count == count && list.Items.All(d => d.Attempts > 0))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), string.Join('\n', list.Items));
            await Task.Delay(50, Cancel);
        }
    }

    private static async Task UntilKeptAsync(HttpClient client, int count, Func<SubscriptionInfo, bool>? fits = null)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var list = await client.GetFromJsonAsync<SubscriptionList>("/api/notifications/subscriptions", AscobJson.Options, Cancel);
            if (list!.Items.Count(s => s.Source == "repository" && fits?.Invoke(s) != false) == count)
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), string.Join('\n', list.Items));
            await Task.Delay(100, Cancel);
        }
    }
}
