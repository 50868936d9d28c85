using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Tests.Core.Runs;

public sealed class RunLifecycleTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Change_WhenTheTriggerMeansNothing_AnswersNull()
    {
        Assert.Null(RunLifecycle.Change(RunIn(RunStatus.Succeeded), RunTrigger.AbortRequested, Now, "token:t", "why"));
        Assert.Null(RunLifecycle.Change(RunIn(RunStatus.Running), RunTrigger.Start, Now, "token:t", null));
    }

    [Fact]
    public void Change_WhenTheStatusMoves_WritesRunAndEventTogether()
    {
        var run = RunIn(RunStatus.PendingSubmit);

        var change = RunLifecycle.Change(
            run, RunTrigger.BackendAccepted, Now, "backend:shell", "queued", r => r with { BackendStatus = "QUEUED", SubmittedAt = Now })!;

        Assert.Same(run, change.Before);
        Assert.Equal(RunStatus.Submitted, change.After.Status);
        Assert.Equal("queued", change.After.StatusReason);
        Assert.Equal("QUEUED", change.After.BackendStatus);
        Assert.Equal(8, change.After.Version);
        Assert.Equal(
            new RunEvent(run.Id, 8, Now, RunEventTypes.StatusChanged, RunStatus.PendingSubmit, RunStatus.Submitted, "backend:shell", "queued", null),
            change.Event);
        Assert.False(change.Finishes);
        Assert.Equal("server:a", change.After.LeaseOwner);
        Assert.Null(change.After.EndedAt);
    }

    [Theory]
    [InlineData(RunTrigger.BackendSucceeded, RunStatus.Succeeded)]
    [InlineData(RunTrigger.BackendFailed, RunStatus.Failed)]
    [InlineData(RunTrigger.BackendAborted, RunStatus.Aborted)]
    public void Change_WhenTheRunEnds_LetsGoOfEverything(RunTrigger trigger, RunStatus expected)
    {
        var change = RunLifecycle.Change(RunIn(RunStatus.Running), trigger, Now, "backend:shell", null)!;

        Assert.True(change.Finishes);
        Assert.Equal(expected, change.After.Status);
        Assert.Equal(Now, change.After.EndedAt);
        Assert.Null(change.After.NextCheckAt);
        Assert.Null(change.After.LeaseOwner);
        Assert.Null(change.After.LeaseUntil);
        Assert.Null(change.After.WaitingSince);
        Assert.False(change.After.HoldsSlot);
    }

    [Fact]
    public void Change_WhenTheStatusStays_KeepsTheReasonAndWritesANote()
    {
        var change = RunLifecycle.Change(RunIn(RunStatus.Running), RunTrigger.Noted, Now, "callback", null, r => r with { Progress = 50 })!;

        Assert.Equal("before", change.After.StatusReason);
        Assert.Equal(50, change.After.Progress);
        Assert.Equal(RunEventTypes.Note, change.Event.Type);
        Assert.Equal((RunStatus.Running, RunStatus.Running), (change.Event.From!.Value, change.Event.To));
    }

    [Fact]
    public void Change_WhenTheStatusMovesWithoutAReason_DropsTheOldOne() =>
        Assert.Null(RunLifecycle.Change(RunIn(RunStatus.Submitted), RunTrigger.BackendStarted, Now, "backend:shell", null)!.After.StatusReason);

    [Fact]
    public void Change_CannotBeTalkedIntoAnotherStatusOrVersion()
    {
        var change = RunLifecycle.Change(
            RunIn(RunStatus.Submitted), RunTrigger.BackendStarted, Now, "backend:shell", null, r => r with { Status = RunStatus.Succeeded, Version = 99 })!;

        Assert.Equal(RunStatus.Running, change.After.Status);
        Assert.Equal(8, change.After.Version);
    }

    [Fact]
    public void Change_TakesTheGivenEventTypeAndData()
    {
        var data = new Dictionary<string, string> { ["lock"] = "7" };

        var change = RunLifecycle.Change(RunIn(RunStatus.WaitingLocks), RunTrigger.LocksGranted, Now, "server:a", null, null, RunEventTypes.LocksGranted, data)!;

        Assert.Equal(RunEventTypes.LocksGranted, change.Event.Type);
        Assert.Same(data, change.Event.Data);
    }

    private static Run RunIn(RunStatus status) => new()
    {
        Id = 5,
        Status = status,
        StatusReason = "before",
        Version = 7,
        Spec = new JobSpec(),
        MarkerId = new string('a', 26),
        DefinedAt = Now.AddMinutes(-1),
        NextCheckAt = Now,
        LeaseOwner = "server:a",
        LeaseUntil = Now,
        WaitingSince = Now,
        HoldsSlot = true,
    };
}
