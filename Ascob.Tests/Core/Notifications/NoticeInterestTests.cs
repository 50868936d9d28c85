using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Core.Notifications;

/// <summary>Whether an event gets a notice: the race between a new subscription and runs under way.</summary>
public sealed class NoticeInterestTests
{
    private readonly FakeTimeProvider _time = new(SampleRuns.Start);
    private readonly NoticeInterest _interest;

    public NoticeInterestTests() => _interest = new NoticeInterest(new MonotonicClock(_time));

    [Fact]
    public void NoticeOf_BeforeAnythingIsKnown_IsWritten() => Assert.NotNull(_interest.NoticeOf(Sample(), Ended(RunStatus.Failed)));

    [Fact]
    public void NoticeOf_WithoutSubscriptions_IsNotWritten_AsLongAsThatIsFresh()
    {
        Learn();
        Assert.Null(_interest.NoticeOf(Sample(), Ended(RunStatus.Failed)));

        _time.Advance(NoticeInterest.Trust);
        Assert.Null(_interest.NoticeOf(Sample(), Ended(RunStatus.Failed)));

        // A process that was held up does not know what it missed.
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.NotNull(_interest.NoticeOf(Sample(), Ended(RunStatus.Failed)));
    }

    [Fact]
    public void NoticeOf_WhatWasAskedLongAgo_IsOldFromTheMomentOfTheQuestion()
    {
        var asked = _time.GetTimestamp();
        _time.Advance(NoticeInterest.Trust + TimeSpan.FromMilliseconds(1));
        _interest.Learn(SubscriptionSet.Empty, asked);

        Assert.NotNull(_interest.NoticeOf(Sample(), Ended(RunStatus.Failed)));
    }

    [Theory]
    [InlineData(NoticeKinds.Error, RunStatus.Failed, true)]
    [InlineData(NoticeKinds.Error, RunStatus.Succeeded, false)]
    [InlineData(NoticeKinds.Recovered, RunStatus.Succeeded, true)]
    [InlineData(NoticeKinds.Finished, RunStatus.Succeeded, true)]
    [InlineData(NoticeKinds.Cancelled, RunStatus.Aborted, true)]
    [InlineData(NoticeKinds.Skipped, RunStatus.Aborted, false)]
    [InlineData(NoticeKinds.Launched, RunStatus.Failed, false)]
    public void NoticeOf_IsWrittenForWhatSomebodyWants(NoticeKinds wanted, RunStatus end, bool written)
    {
        Learn(Subscription(wanted));

        Assert.Equal(written, _interest.NoticeOf(Sample(), Ended(end)) is not null);
    }

    [Fact]
    public void NoticeOf_OfRunsThatNobodyAskedFor_IsNotWritten()
    {
        Learn(
            Subscription(NoticeKinds.Error) with { Filter = new SubscriptionFilter { Submitters = ["bob"] } },
            Subscription(NoticeKinds.Error) with { Id = 2, Filter = new SubscriptionFilter { Definitions = [7] } },
            Subscription(NoticeKinds.Error) with { Id = 3, Enabled = false });

        Assert.Null(_interest.NoticeOf(Sample(), Ended(RunStatus.Failed)));
    }

    [Theory]
    [InlineData(RunEventTypes.Created, null, RunStatus.PendingSubmit, null, NoticeKinds.Launched)]
    [InlineData(RunEventTypes.Created, null, RunStatus.Aborted, "prevented: run 3 of this definition is RUNNING", NoticeKinds.Skipped)]
    [InlineData(RunEventTypes.StatusChanged, RunStatus.WaitingLocks, RunStatus.Aborted, "the lock is taken", NoticeKinds.Skipped)]
    [InlineData(RunEventTypes.Operator, RunStatus.WaitingLocks, RunStatus.Aborted, "stopped", NoticeKinds.Cancelled)]
    [InlineData(RunEventTypes.StatusChanged, RunStatus.Aborting, RunStatus.Aborted, null, NoticeKinds.Cancelled)]
    [InlineData(RunEventTypes.Retry, RunStatus.Running, RunStatus.PendingSubmit, null, NoticeKinds.Retried)]
    [InlineData(RunEventTypes.Retry, RunStatus.PendingSubmit, RunStatus.PendingSubmit, null, NoticeKinds.Retried)]
    [InlineData(RunEventTypes.StatusChanged, RunStatus.Running, RunStatus.InDoubt, null, NoticeKinds.InDoubt)]
    [InlineData(RunEventTypes.Note, RunStatus.InDoubt, RunStatus.InDoubt, null, NoticeKinds.None)]
    [InlineData(RunEventTypes.StatusChanged, RunStatus.Submitted, RunStatus.Running, null, NoticeKinds.None)]
    [InlineData(RunEventTypes.Longer, RunStatus.Running, RunStatus.Running, null, NoticeKinds.LongerThanExpected)]
    [InlineData(RunEventTypes.Custom, RunStatus.Running, RunStatus.Running, null, NoticeKinds.Custom)]
    [InlineData(RunEventTypes.Custom, RunStatus.Failed, RunStatus.Failed, null, NoticeKinds.Custom)]
    public void KindOf_TellsEventsApart(string type, RunStatus? from, RunStatus to, string? reason, NoticeKinds kind) =>
        Assert.Equal(kind, NoticeRules.KindOf(new RunEvent(1, 2, SampleRuns.Start, type, from, to, null, reason, null)));

    private static Subscription Subscription(NoticeKinds events) => new()
    {
        Id = 1,
        Name = "x",
        Kind = ReceiverKinds.Webhook,
        Events = events,
        CreatedAt = SampleRuns.Start,
        CreatedBy = "test",
        ChangedAt = SampleRuns.Start,
    };

    private static RunEvent Ended(RunStatus to) => new(1, 2, SampleRuns.Start, RunEventTypes.StatusChanged, RunStatus.Running, to, null, null, null);

    private static Run Sample() => new()
    {
        Id = 1,
        Status = RunStatus.Running,
        Version = 2,
        Spec = new Ascob.Core.Jobs.JobSpec { Submitter = "alice" },
        MarkerId = "m",
        DefinedAt = SampleRuns.Start,
    };

    private void Learn(params Subscription[] subscriptions) => _interest.Learn(new SubscriptionSet(1, subscriptions), _time.GetTimestamp());
}
