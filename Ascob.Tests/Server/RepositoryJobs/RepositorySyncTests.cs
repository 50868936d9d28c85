using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Server.Repository;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>The repository as it comes and goes.</summary>
public sealed class RepositorySyncTests : OverseerApi
{
    [Fact]
    public async Task ARepositoryThatDisappears_LeavesJobsAndRunsAlone()
    {
        await ApplyAsync(("a.yml", "- command: echo up; sleep 2; cat a.yml"), ("b.yml", "- command: echo b"));
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");
        Git.Hide();

        var refused = await Root.PostAsync("/api/repository/refresh", null, Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        var state = await GetAsync("/api/repository");
        Assert.Equal("unreachable", state.GetProperty("state").GetString());
        Assert.Equal($"There is no repository at '{Git.Path}': the directory is not there.", state.GetProperty("problem").GetString());
        Assert.Equal("b\n", await OutputAsync("b"));
        Assert.Equal("complete", (await EndAsync(execution)).GetProperty("outcome").GetString());
        Git.Show();
        await ApplyAsync(("b.yml", "- command: echo c"));
        Assert.Equal("current", (await GetAsync("/api/repository")).GetProperty("state").GetString());
        Assert.Equal("c\n", await OutputAsync("b"));
    }

    [Fact]
    public async Task ADirectoryThatIsNoRepositoryAnyMore_IsSaidToBeThat()
    {
        await ApplyAsync(("a.yml", "- command: echo a"));
        Directory.Delete(Path.Combine(Git.Path, ".git"), recursive: true);

        await Root.PostAsync("/api/repository/refresh", null, Cancel);

        Assert.Equal($"The directory '{Git.Path}' is no Git repository.", (await GetAsync("/api/repository")).GetProperty("problem").GetString());
        Assert.Equal("a\n", await OutputAsync("a"));
    }

    [Fact]
    public async Task ARepositoryWithoutACommit_IsSaidToBeThat()
    {
        await Root.PostAsync("/api/repository/refresh", null, Cancel);

        Assert.Equal("The repository has no commit yet.", (await GetAsync("/api/repository")).GetProperty("problem").GetString());
    }

    [Fact]
    public async Task WhatIsNoFileOfJobs_IsToldExactly()
    {
        const string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
        Git.Link("link.yml", "other.yml");
        var plan = await ApplyAsync(
            ("large.yml", new string('#', (1024 * 1024) + 5)), ("pointer.yml", pointer), ("scripts/big.sh", pointer), ("script.yml", "- script: big.sh"), ("overseer.yml", pointer), ("deep.yml/a", "x"));

        var errors = plan.GetProperty("errors").EnumerateArray().ToDictionary(e => e.GetProperty("file").GetString()!, e => e.GetProperty("message").GetString());
        const string lfs = "is a pointer of Git LFS, whose content is not in the repository and is not fetched; commit the content itself.";
        Assert.Equal("The file is a symbolic link, which is not followed; put the jobs into the file itself.", errors["link.yml"]);
        Assert.Equal("The file has 1048581 bytes; at most 1048576 are read.", errors["large.yml"]);
        Assert.Equal(($"The file {lfs}", $"The file {lfs}", $"The script 'big.sh' {lfs}"), (errors["pointer.yml"], errors["overseer.yml"], errors["script.yml"]));
        Assert.Equal(5, errors.Count);
    }

    [Fact]
    public async Task FilesThatAreTooMuchTogether_StayAsTheyWere()
    {
        await ApplyAsync(("z.yml", "- command: echo z"));
        var large = "- command: echo large\n" + new string('#', 900_000);

        var plan = await ApplyAsync([("z.yml", "- command: echo other"), .. Enumerable.Range(0, 19).Select(i => ($"f{i:D2}.yml", (string?)large))]);

        Assert.Equal(["f18.yml", "z.yml"], Names(plan.GetProperty("errors"), "file"));
        Assert.Equal(19, (await GetAsync("/jobs")).GetArrayLength());
        Assert.Equal("kept", plan.GetProperty("changes").EnumerateArray().Single(c => c.GetProperty("job").GetString() == "z").GetProperty("change").GetString());
        Assert.Equal("z\n", await OutputAsync("z"));
    }

    [Fact]
    public async Task ARewrittenHistory_IsAppliedAndSaidSo_AndRunsOfTheOldOneGoOn()
    {
        await ApplyAsync(("a.yml", "- command: echo up; sleep 2; tool"), ("bin/tool", "#!/bin/sh\necho old"));
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");

        Git.Rewrite(("a.yml", "- command: tool"), ("bin/tool", "#!/bin/sh\necho new"));
        await RefreshAsync();

        Assert.True((await GetAsync("/api/repository")).GetProperty("rewritten").GetBoolean());
        Assert.Equal("new\n", await OutputAsync("a"));
        await EndAsync(execution);
        Assert.Equal("up\nold\n", await Root.GetStringAsync(execution + "/stdout", Cancel));
        var same = (await Root.PostAsync(execution + "?commit=same", null, Cancel)).Headers.Location!.OriginalString;
        await EndAsync(same);
        Assert.Equal("up\nold\n", await Root.GetStringAsync(same + "/stdout", Cancel));
        await ApplyAsync(("c.yml", "{}"));
        Assert.False((await GetAsync("/api/repository")).GetProperty("rewritten").GetBoolean());
    }

    [Fact]
    public async Task HostileFiles_AreReportedAndTheOthersCount()
    {
        var bomb = new StringBuilder("- env:\n    a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (var c = 'b'; c <= 'j'; c++)
        {
            bomb.Append($"    {c}: &{c} [{string.Join(", ", Enumerable.Repeat($"*{(char)(c - 1)}", 10))}]\n");
        }

        Git.Link("link.yml", "/etc/passwd");
        var plan = await ApplyAsync(
            ("bomb.yml", bomb.ToString()),
            ("large.yml", new string('#', 1024 * 1024) + "\n- command: echo"),
            ("deep.json", new string('[', 100_000)),
            ("type.yml", "- vars: [{name: a, type: thing}]"),
            ("twice.yml", "- name: good"),
            ("good.yml", "- command: echo good"));

        Assert.Equal(["bomb.yml", "deep.json", "large.yml", "link.yml", "twice.yml", "type.yml"], Names(plan.GetProperty("errors"), "file"));
        Assert.Equal("good\n", await OutputAsync("good"));
    }

    [Fact]
    public async Task TheWebhook_IsBelievedWithItsSecretOnly()
    {
        await ApplyAsync(("a.yml", "- command: echo one"));
        Git.Commit(("b.yml", "- command: echo two"));
        using var stranger = Server.Client(null);
        const string body = """{"ref": "refs/heads/main"}""";

        Assert.Equal(HttpStatusCode.Forbidden, (await NoticeAsync(stranger, body, null, null)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await NoticeAsync(stranger, body, "X-Hub-Signature-256", "sha256=" + new string('0', 64))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await NoticeAsync(stranger, body, "X-Gitlab-Token", "wrong")).StatusCode);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData("a-secret-of-the-tests"u8, Encoding.UTF8.GetBytes(body)));
        Assert.Equal(HttpStatusCode.Accepted, (await NoticeAsync(stranger, body, "X-Hub-Signature-256", "sha256=" + signature)).StatusCode);

        await Fixtures.TestWorld.UntilAsync(async () => (await Root.GetAsync("/jobs/b", Cancel)).StatusCode == HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.Accepted, (await NoticeAsync(stranger, body, "X-Gitlab-Token", "a-secret-of-the-tests")).StatusCode);
    }

    [Fact]
    public async Task B47_AfterARestart_JobsRunsAndEventsAreThere()
    {
        await ApplyAsync(("a.yml", "- command: echo up; sleep 3; event late; echo end"));
        var ended = await ExecuteAsync("a");
        await EndAsync(ended);
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");
        Git.Hide();
        await Server.App.StopAsync(Cancel);
        await Server.App.DisposeAsync();

        Server = await StartAgainAsync();
        using var client = Server.Client();

        Assert.Equal("complete", (await client.GetFromJsonAsync<JsonElement>(ended, Cancel)).GetProperty("outcome").GetString());
        Assert.Equal("a", (await client.GetFromJsonAsync<JsonElement>("/jobs", Cancel))[0].GetProperty("name").GetString());
        var runId = (await client.GetFromJsonAsync<JsonElement>(execution, Cancel)).GetProperty("runId").GetInt64();
        await client.GetAsync($"/api/runs/{runId}?waitSeconds=60", Cancel);
        var end = await client.GetFromJsonAsync<JsonElement>(execution, Cancel);
        Assert.Equal("complete", end.GetProperty("outcome").GetString());
        Assert.Equal("up\nend\n", await client.GetStringAsync(execution + "/stdout", Cancel));
        Git.Show();
    }

    [Fact]
    public async Task Checkouts_AreSweptWhenNothingUsesThem()
    {
        var old = Git.Commit(("a.yml", "- command: echo up; sleep 2; cat a.yml"));
        await RefreshAsync();
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");
        await ApplyAsync(("b.yml", "- command: echo b"));
        await OutputAsync("b");
        var checkouts = Server.Get<Checkouts>();
        var present = (await GetAsync("/jobs/b")).GetProperty("commit").GetString()!;
        var all = Directory.GetDirectories(Path.Combine(Server.DataDirectory, "repository", "checkouts"));
        Assert.Equal(2, all.Length);
        Directory.CreateDirectory(Path.Combine(Server.DataDirectory, "repository", "checkouts", "new-of-a-crash"));
        foreach (var one in all)
        {
            Directory.SetLastWriteTimeUtc(one, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        await checkouts.SweepAsync(new HashSet<string> { present }, Cancel);
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(Server.DataDirectory, "repository", "checkouts")).Length);
        await EndAsync(execution);
        Assert.EndsWith("cat a.yml", await Root.GetStringAsync(execution + "/stdout", Cancel), StringComparison.Ordinal);
        await checkouts.SweepAsync(new HashSet<string> { present }, Cancel);

        Assert.EndsWith(present, Assert.Single(Directory.GetDirectories(Path.Combine(Server.DataDirectory, "repository", "checkouts"))), StringComparison.Ordinal);
        var same = (await Root.PostAsync(execution + "?commit=same", null, Cancel)).Headers.Location!.OriginalString;
        Assert.Equal("complete", (await EndAsync(same)).GetProperty("outcome").GetString());
        Assert.NotEqual(old, present);
    }

    [Fact]
    public async Task WithoutARepository_EverythingSaysSo()
    {
        await using var bare = await ApiServer.StartAsync();
        using var client = bare.Client();

        Assert.Equal("none", (await client.GetFromJsonAsync<JsonElement>("/api/repository", Cancel)).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.Conflict, (await client.PostAsync("/api/repository/refresh", null, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await client.GetAsync("/api/repository/plan", Cancel)).StatusCode);
        Assert.Empty((await client.GetFromJsonAsync<JsonElement>("/jobs", Cancel)).EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync("/api/webhooks/repository", new StringContent("x"), Cancel)).StatusCode);
    }

    private static async Task<HttpResponseMessage> NoticeAsync(HttpClient client, string body, string? header, string? value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/webhooks/repository") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (header is not null)
        {
            request.Headers.Add(header, value);
        }

        return await client.SendAsync(request, Cancel);
    }

    // The same directory and the same address, which the job was told.
    private Task<ApiServer> StartAgainAsync() => StartAsync("--Ascob:DataDirectory", Server.DataDirectory, "--urls", Server.Url.ToString());
}
