using System.Net;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Core.Client;

/// <summary>The client's methods for definitions, launches and schedules against the whole server.</summary>
public sealed class DefinitionClientTests : RunApi
{
    private static readonly JobSpec Job = new() { Labels = Dummy() };

    [Fact]
    public async Task Definitions_AreFoundPageByPage()
    {
        using var client = new AscobClient(Server.Url, ApiServer.RootToken);
        foreach (var name in new[] { "a", "b/c d", "é", "ü" })
        {
            await client.Api.CreateDefinitionAsync(new SaveDefinitionRequest { Name = name, JobSpec = Job, Tags = ["one", name] }, Cancel);
        }

        var found = await client.DefinitionsAsync(new DefinitionQuery { Tag = ["one"], Limit = 1 }, Cancel).Select(d => d.Name).ToListAsync(Cancel);

        Assert.Equal(["a", "b/c d", "é", "ü"], found);
        Assert.Equal("b/c d", (await client.DefinitionsAsync(new DefinitionQuery { Tag = ["one", "b/c d"] }, Cancel).SingleAsync(Cancel)).Name);
        Assert.Equal("b/c d", (await client.GetDefinitionAsync("b/c d", Cancel)).Name);
    }

    [Fact]
    public async Task Definition_IsSavedComparedStarredRenamedAndDeleted()
    {
        using var client = new AscobClient(Server.Url, ApiServer.RootToken);
        var made = await client.Api.CreateDefinitionAsync(new SaveDefinitionRequest { Name = "job", JobSpec = Job, NextExecution = NextExecution.NotWhileWorking }, Cancel);
        var saved = await client.Api.SaveDefinitionAsync("job", new SaveDefinitionRequest { JobSpec = Job, Description = "new", Version = made.Version }, Cancel);
        var refused = await Assert.ThrowsAsync<AscobApiException>(() => client.Api.SaveDefinitionAsync("job", new SaveDefinitionRequest { JobSpec = Job, Version = made.Version }, Cancel));

        Assert.Equal((NextExecution.NotWhileWorking, 2, HttpStatusCode.Conflict), (made.NextExecution, saved.Version, refused.Status));
        Assert.Contains(new DefinitionChange("description", null, "new"), (await client.Api.DiffDefinitionAsync("job", 1, 2, Cancel)).Changes);
        Assert.Equal([2, 1], (await client.Api.ListDefinitionVersionsAsync("job", null, null, Cancel)).Items.Select(d => d.Version));
        Assert.Null((await client.Api.GetDefinitionVersionAsync("job", 1, Cancel)).Description);
        await client.Api.UnstarDefinitionAsync("job", Cancel);
        Assert.Empty(await client.DefinitionsAsync(new DefinitionQuery { Starred = true }, Cancel).ToListAsync(Cancel));
        await client.Api.StarDefinitionAsync("job", Cancel);
        Assert.Single(await client.DefinitionsAsync(new DefinitionQuery { Starred = true }, Cancel).ToListAsync(Cancel));
        Assert.True((await client.Api.SuspendDefinitionAsync("job", EmptyRequest.Instance, Cancel)).Suspended);
        Assert.False((await client.Api.ResumeDefinitionAsync("job", EmptyRequest.Instance, Cancel)).Suspended);
        Assert.Equal("work", (await client.Api.RenameDefinitionAsync("job", new RenameDefinitionRequest("work"), Cancel)).Name);
        await client.Api.DeleteDefinitionAsync("work", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<AscobApiException>(() => client.GetDefinitionAsync("work", Cancel))).Status);
    }

    [Fact]
    public async Task Launch_IsMadeOncePerKey_AndAResubmissionTellsWhetherItWasPrevented()
    {
        using var client = new AscobClient(Server.Url, ApiServer.RootToken);
        await client.Api.CreateDefinitionAsync(
            new SaveDefinitionRequest
            {
                Name = "job",
                JobSpec = Job with { Labels = new Dictionary<string, string>(Dummy()) { ["dummy_run_ms"] = "60000" } },
                Parameters = JsonSerializer.SerializeToElement(new { properties = new { host = new { type = "string" } } }),
                NextExecution = NextExecution.NotWhileWorking,
            },
            Cancel);
        var request = new LaunchDefinitionRequest { Parameters = JsonSerializer.SerializeToElement(new { host = "web" }), Submitter = "ann" };

        var first = await client.LaunchAsync("job", request, "key", Cancel);
        var again = await client.LaunchAsync("job", request, "key", Cancel);
        var prevented = await client.LaunchAsync("job", cancellationToken: Cancel);
        var resubmitted = await client.Api.ResubmitAsync(first.RunId, new ResubmitRequest(), Cancel);

        Assert.Equal((first, false, true, true), (again, first.Prevented, prevented.Prevented, resubmitted.Prevented));
        var run = await client.GetAsync(first.RunId, Cancel);
        Assert.Equal(("job", "ann", "web"), (run.DefinitionName, run.Submitter, run.Parameters!["host"]));
        Assert.Equal(RunStatus.Aborted, (await client.GetAsync(await client.ResubmitAsync(first.RunId, cancellationToken: Cancel), Cancel)).Status);
        await client.StopAsync(first.RunId, force: true, Cancel);
        await EndOfAsync(first.RunId);
        var wrong = await Assert.ThrowsAsync<AscobApiException>(() => client.LaunchAsync("job", new LaunchDefinitionRequest { Parameters = JsonSerializer.SerializeToElement(new { stranger = 1 }) }, cancellationToken: Cancel));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, true), (wrong.Status, wrong.Problem!.Errors!.ContainsKey("parameters.stranger")));
    }

    [Fact]
    public async Task Schedules_AreAddedListedForeseenAndDeleted()
    {
        using var client = new AscobClient(Server.Url, ApiServer.RootToken);
        await client.Api.CreateDefinitionAsync(new SaveDefinitionRequest { Name = "team/job", JobSpec = Job }, Cancel);
        await client.Api.CreateDefinitionAsync(new SaveDefinitionRequest { Name = "other", JobSpec = Job }, Cancel);
        var daily = new ScheduleSpec { Cron = "0 3 * * *", TimeZone = "Europe/Berlin" };

        Assert.Equal(4, (await client.PreviewScheduleAsync(daily, 4, Cancel)).Count);
        var added = await client.AddScheduleAsync("team/job", daily, Cancel);
        await client.AddScheduleAsync("team/job", new ScheduleSpec { EverySeconds = 86_400, StartAt = added.NextFiring!.Value.AddYears(1) }, Cancel);
        var other = await client.AddScheduleAsync("other", daily, Cancel);

        Assert.Equal(2, (await client.SchedulesAsync("team/job", Cancel)).Count);
        Assert.Equal(3, (await client.AllSchedulesAsync(Cancel).ToListAsync(Cancel)).Count);
        Assert.Equal(added.NextFiring, (await client.NextFiringsAsync("team/job", count: 2, cancellationToken: Cancel))[0].DueAt);
        Assert.Equal(3, (await client.NextFiringsAsync("team/job", added.Id, 3, Cancel)).Count);

        // One question for the page tells of each its own.
        var shown = await client.DefinitionsAsync(cancellationToken: Cancel).ToListAsync(Cancel);
        Assert.Equal([other.NextFiring, added.NextFiring], shown.Select(d => d.NextRunTime));
        await client.DeleteScheduleAsync("team/job", added.Id, Cancel);
        Assert.Equal(added.NextFiring!.Value.AddYears(1), (await client.GetDefinitionAsync("team/job", Cancel)).NextRunTime);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<AscobApiException>(() => client.DeleteScheduleAsync("team/job", added.Id, Cancel))).Status);
    }
}
