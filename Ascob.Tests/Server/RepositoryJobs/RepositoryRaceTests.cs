using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Definitions;
using Ascob.Core.Repository;
using Ascob.Server.Repository;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>What is slow, late, repeated or left over by a process that was killed.</summary>
public sealed class RepositoryRaceTests : OverseerApi
{
    private readonly Overtaking _overtaking = new();

    private protected override void Configure(IServiceCollection services) => services.AddSingleton<IDefinitionFollower>(_overtaking);

    [Fact]
    public async Task ASlowPublicationOfAnOlderCommit_GivesWayToANewerOne()
    {
        await ApplyAsync(("a.yml", "- command: echo a1"), ("b.yml", "- command: echo b1"), ("c.yml", "- command: echo c1"));
        var (store, publisher) = (Server.Get<IRepositoryStore>(), Server.Get<IRepositoryPublisher>());
        var old = await store.ReadAsync(Cancel);
        Assert.Equal(old.State.Commit, old.State.Published);
        await ApplyAsync(("a.yml", "- command: echo a2"), ("b.yml", "- command: echo b2"), ("c.yml", null), ("d.yml", "- command: echo d2"));

        await publisher.PublishAsync(old, Cancel);

        Assert.Equal(("echo a2", "echo b2", "echo d2"), (await CommandAsync("a"), await CommandAsync("b"), await CommandAsync("d")));
        Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync("/api/definitions/c", Cancel)).StatusCode);
    }

    [Fact]
    public async Task APublicationThatIsOvertakenOnItsWay_StopsAndHasTheNewerOneDoneAgain()
    {
        await ApplyAsync(("a.yml", "- command: echo a1"), ("b.yml", "- command: echo b1"));
        var (store, publisher) = (Server.Get<IRepositoryStore>(), Server.Get<IRepositoryPublisher>());
        var old = await store.ReadAsync(Cancel);
        Git.Commit(("a.yml", "- command: echo a2"), ("b.yml", "- command: echo b2"));
        _overtaking.OnceAfterTheFirst = RefreshAsync;

        // After its first job another server applies and publishes the next commit.
        await publisher.PublishAsync(old, Cancel);

        Assert.Equal("echo b2", await CommandAsync("b"));
        var now = (await store.ReadAsync(Cancel)).State;
        Assert.NotEqual(old.State.Commit, now.Commit);
        Assert.Null(now.Published);
        Assert.Equal(1, now.Disturbed);
        await RefreshAsync();
        Assert.Equal(now.Commit, (await store.ReadAsync(Cancel)).State.Published);
        Assert.Equal(("echo a2", "echo b2"), (await CommandAsync("a"), await CommandAsync("b")));
    }

    [Fact]
    public async Task WhatAKilledProcessHasLeftInTheCopy_DoesNotStandInTheWay()
    {
        await ApplyAsync(("a.yml", "- command: echo one"));
        await Server.App.StopAsync(Cancel);
        await Server.App.DisposeAsync();
        var directory = Server.DataDirectory;
        var copy = Path.Combine(directory, "repository", "git");
        string[] left = [.. new[] { "config.lock", "HEAD.lock", "packed-refs.lock", "refs/ascob/look-0a.lock", "refs/ascob/look-0a", "refs/ascob/tip.lock", "FETCH_HEAD.lock", "objects/pack/pack_git2_a8Xw2k" }.Select(f => Path.Combine(copy, f))];
        foreach (var file in left)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, "half", Cancel);
        }

        Server = await StartAsync("--Ascob:DataDirectory", directory);
        using var client = Server.Client();
        var commit = Git.Commit(("a.yml", "- command: echo two"));
        var refreshed = await client.PostAsync("/api/repository/refresh", null, Cancel);

        Assert.True(refreshed.IsSuccessStatusCode, await refreshed.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(commit, (await client.GetFromJsonAsync<JsonElement>("/jobs/a", Cancel)).GetProperty("commit").GetString());
        Assert.DoesNotContain(left, File.Exists);
        await Server.App.StopAsync(Cancel);
        await Fixtures.TestDirectories.DeleteAsync(directory);
    }

    [Fact]
    public async Task ACommitThatCannotBeOnTheDisk_EndsItsRunsWithTheReason()
    {
        Git.Commit(("a.yml", "- command: echo a"));
        Git.CommitByHand("a.yml", "twice", "twice");
        await RefreshAsync();

        var end = await EndAsync(await ExecuteAsync("a"));

        Assert.Equal("fail", end.GetProperty("outcome").GetString());
        Assert.Contains("'twice' twice", end.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetDirectories(Path.Combine(Server.DataDirectory, "repository", "checkouts")), d => Path.GetFileName(d).StartsWith("new-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARepeatedMessage_CreatesOneEventAndSendsOneSignal()
    {
        await ApplyAsync(("a.yml", "- command: trap 'echo woken' CONT; echo up; while true; do sleep 0.05; done"));
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");

        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Root.PutAsJsonAsync(execution, new { @event = "continue", id = "c-1" }, Cancel)));
        var notes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Root.PutAsJsonAsync(execution, new { @event = "deployed", id = "d-1" }, Cancel)));
        var free = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Root.PutAsJsonAsync(execution, new { @event = $"e{i}" }, Cancel)));

        Assert.All([.. orders, .. notes, .. free], a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        Assert.Single((await Task.WhenAll(orders.Select(a => a.Content.ReadAsStringAsync(Cancel)))).Distinct());
        var names = Names((await GetAsync(execution)).GetProperty("events")).ToList();
        Assert.Equal(["start", "continue", "deployed"], names[..3]);
        Assert.Equal(43, names.Count);
        Assert.Equal(HttpStatusCode.Conflict, (await Root.PutAsJsonAsync(execution, new { @event = "other", id = "d-1" }, Cancel)).StatusCode);

        // A second signal would wake it when it is certain that the first has.
        await UntilWrittenAsync(execution, "up\nwoken\n");
        var again = await JsonAsync(await Root.PutAsJsonAsync(execution, new { @event = "continue", id = "c-1" }, Cancel));
        Assert.True(again.GetProperty("signalled").GetBoolean());
        var kills = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Root.PutAsJsonAsync(execution, new { @event = "terminate", id = "t-1" }, Cancel)));
        Assert.All(kills, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        var end = await EndAsync(execution);
        Assert.Equal("up\nwoken\n", await Root.GetStringAsync(execution + "/stdout", Cancel));
        Assert.Equal(["terminate", "fail"], Names(end.GetProperty("events")).ToArray()[^2..]);
    }

    [Fact]
    public async Task AJobThatMadeAllOfItsEvents_CanStillBeHaltedAndEnded()
    {
        await Server.DisposeAsync();
        Server = await StartAsync("--Ascob:Limits:MaxCallbackEvents", "3");
        using var client = Server.Client();
        Git.Commit(("a.yml", "- command: event a; event b; event c; event d 2>/dev/null; echo $?; sleep 60"));
        await client.PostAsync("/api/repository/refresh", null, Cancel);
        var execution = (await client.PostAsync("/jobs/a", null, Cancel)).Headers.Location!.OriginalString;
        await Fixtures.TestWorld.UntilAsync(async () => (await client.GetStringAsync(execution + "/stdout", Cancel)) == "1\n");

        Assert.Equal(HttpStatusCode.TooManyRequests, (await client.PutAsJsonAsync(execution, new { @event = "e" }, Cancel)).StatusCode);
        foreach (var order in new[] { "stop", "continue", "kill" })
        {
            Assert.True((await JsonAsync(await client.PutAsJsonAsync(execution, new { @event = order }, Cancel))).GetProperty("signalled").GetBoolean(), order);
        }
    }

    [Fact]
    public async Task TheExecutionsOfAJob_AreNamedToWhoMaySeeRunsOnly()
    {
        await ApplyAsync(("a.yml", "- command: 'true'"));
        await EndAsync(await ExecuteAsync("a"));
        using var other = await Server.ClientAsync(["repository_read"]);

        Assert.Empty((await other.GetFromJsonAsync<JsonElement>("/jobs/a", Cancel)).GetProperty("executions").EnumerateArray());
        Assert.Single((await GetAsync("/jobs/a")).GetProperty("executions").EnumerateArray());
    }

    private async Task<string?> CommandAsync(string name) =>
        (await GetAsync($"/api/definitions/{name}")).GetProperty("annotations").GetProperty("repository.command").GetString();

    /// <summary>Does something in the middle of a publication.</summary>
    private sealed class Overtaking : IDefinitionFollower
    {
        public Func<Task>? OnceAfterTheFirst { get; set; }

        public async Task FollowAsync(Definition definition, KnownJob known, CancellationToken cancellationToken)
        {
            if (OnceAfterTheFirst is { } act)
            {
                OnceAfterTheFirst = null;
                await act();
            }
        }
    }
}
