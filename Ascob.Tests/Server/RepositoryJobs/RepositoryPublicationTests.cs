using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Definitions;
using Ascob.Core.Repository;
using Ascob.Server.Repository;
using Ascob.Tests.Backends.Shell;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>What a commit says becomes known to the rest of the server, whatever comes in between.</summary>
public sealed class RepositoryPublicationTests : OverseerApi
{
    [Fact]
    public async Task AJobThatIsGone_LosesItsDefinitionAfterItsLastRun_AlsoWhereNobodyAppliesCommits()
    {
        await ApplyAsync(("a.yml", "- command: echo up; sleep 60"), ("b.yml", "{}"));
        var execution = await ExecuteAsync("a");
        await UntilWrittenAsync(execution, "up");
        await ApplyAsync(("a.yml", null));
        Assert.True((await GetAsync("/api/definitions/a")).GetProperty("suspended").GetBoolean());

        var runId = (await GetAsync(execution)).GetProperty("runId").GetInt64();
        using var stopped = await Root.DeleteAsync($"/api/runs/{runId}", Cancel);
        await EndAsync(execution);
        await Server.Get<RepositorySync>().FinishAsync(Cancel);

        Assert.Equal(HttpStatusCode.NotFound, (await Root.GetAsync("/api/definitions/a", Cancel)).StatusCode);
        Assert.Contains(Server.App.Services.GetServices<IHostedService>(), s => s is PublicationSweep);
    }

    [Fact]
    public async Task AServerThatWasKilledBeforeAllWasDone_LeavesTheRestToTheNext_AlsoWhenTheRepositoryIsAway()
    {
        await ApplyAsync(("a.yml", "- command: echo a"));
        var store = Server.Get<IRepositoryStore>();
        var before = await store.ReadAsync(Cancel);
        var known = before.State.Jobs["a"];
        var jobs = new Dictionary<string, KnownJob> { ["a"] = known with { Active = false }, ["b"] = known with { Job = known.Job with { Name = "b" } } };
        Assert.True(await store.TryReplaceAsync(before, before.State with { Jobs = jobs, Published = null }, Cancel));
        Git.Hide();

        await Server.Get<RepositorySync>().FinishAsync(Cancel);

        Assert.True((await GetAsync("/api/definitions/a")).GetProperty("suspended").GetBoolean());
        Assert.Equal("b", (await GetAsync("/api/definitions/b")).GetProperty("name").GetString());
        var state = (await store.ReadAsync(Cancel)).State;
        Assert.Equal(state.Commit, state.Published);
        Git.Show();
    }

    [Fact]
    public async Task TakingOneJobOut_ConcernsThatJobOnly()
    {
        var followed = new Followed();
        await using var server = await ApiServer.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton(ShellWorld.Launcher);
                builder.Services.AddSingleton<IDefinitionFollower>(followed);
            },
            "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Repository:Url", Git.Path, "--Ascob:Repository:PollInterval", "00:00:00");
        using var client = server.Client();
        Git.Commit(("a.yml", "{}"), ("b.yml", "{}"), ("c.yml", "- schedule: [{frequency: 3600}]"));
        using var refreshed = await client.PostAsync("/api/repository/refresh", null, Cancel);
        Assert.True(refreshed.IsSuccessStatusCode);
        followed.Names.Clear();

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync("/jobs/b", Cancel)).StatusCode);

        Assert.Equal(["b"], followed.Names);
        Assert.True((await client.GetFromJsonAsync<JsonElement>("/api/definitions/b", Cancel)).GetProperty("suspended").GetBoolean());
        var state = (await server.Get<IRepositoryStore>().ReadAsync(Cancel)).State;
        Assert.Equal(state.Commit, state.Published);
    }

    [Fact]
    public async Task TheState_IsReadAnewWhereAnotherServerHasChangedIt()
    {
        await ApplyAsync(("a.yml", "{}"));
        var store = Server.Get<IRepositoryStore>();
        using var scope = Server.App.Services.CreateScope();
        var other = ActivatorUtilities.CreateInstance<RepositoryStore>(scope.ServiceProvider);
        var first = await other.ReadAsync(Cancel);
        Assert.Same(first, await other.ReadAsync(Cancel));

        Assert.True(await store.TryReplaceAsync(await store.ReadAsync(Cancel), first.State with { AppliedBy = "another" }, Cancel));

        Assert.Equal("another", (await other.ReadAsync(Cancel)).State.AppliedBy);
        Assert.False(await other.TryReplaceAsync(first, first.State with { AppliedBy = "late" }, Cancel));
        Assert.Equal("another", (await store.ReadAsync(Cancel)).State.AppliedBy);
    }

    [Fact]
    public async Task APlan_IsAppliedOnlyWhereItsCommitIsStillTheLatest()
    {
        await ApplyAsync(("a.yml", "- command: echo one"));
        Git.Commit(("a.yml", "- command: echo two"));
        var planned = (await GetAsync("/api/repository/plan")).GetProperty("commit").GetString();
        var latest = Git.Commit(("a.yml", "- command: echo three"));

        using var stale = await Root.PostAsJsonAsync("/api/repository/refresh", new { commit = planned }, Cancel);
        using var bad = await Root.PostAsJsonAsync("/api/repository/refresh", new { commit = "HEAD" }, Cancel);

        Assert.Equal(HttpStatusCode.Conflict, stale.StatusCode);
        Assert.Contains(latest, await stale.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        Assert.True((await JsonAsync(bad)).GetProperty("errors").TryGetProperty("commit", out _));
        Assert.Equal("one\n", await OutputAsync("a"));
        using var applied = await Root.PostAsJsonAsync("/api/repository/refresh", new { commit = latest }, Cancel);
        Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync(Cancel));
        Assert.Equal("three\n", await OutputAsync("a"));
    }

    private sealed class Followed : IDefinitionFollower
    {
        public ConcurrentQueue<string> Names { get; } = new();

        public Task FollowAsync(Definition definition, KnownJob known, CancellationToken cancellationToken)
        {
            Names.Enqueue(definition.Name);
            return Task.CompletedTask;
        }
    }
}
