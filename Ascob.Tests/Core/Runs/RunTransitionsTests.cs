using Ascob.Core.Runs;
using static Ascob.Core.Runs.RunStatus;
using static Ascob.Core.Runs.RunTrigger;

namespace Ascob.Tests.Core.Runs;

public sealed class RunTransitionsTests
{
    // Written down a second time on purpose: a change of the rules has to be made in two places.
    private static readonly Dictionary<(RunStatus From, RunTrigger Trigger), RunStatus> Legal = new()
    {
        [(Defined, StartWithLocks)] = WaitingLocks,
        [(Defined, Start)] = PendingSubmit,
        [(Defined, AbortRequested)] = Aborted,
        [(Defined, Noted)] = Defined,

        [(WaitingLocks, LocksGranted)] = PendingSubmit,
        [(WaitingLocks, LocksRefused)] = Failed,
        [(PendingSubmit, LocksLost)] = WaitingLocks,
        [(WaitingLocks, LocksSkipped)] = Aborted,
        [(WaitingLocks, AbortRequested)] = Aborted,
        [(WaitingLocks, Noted)] = WaitingLocks,

        [(PendingSubmit, SubmitDelayed)] = PendingSubmit,
        [(PendingSubmit, BackendAccepted)] = Submitted,
        [(PendingSubmit, BackendStarted)] = Running,
        [(PendingSubmit, BackendRejected)] = Failed,
        [(PendingSubmit, AnswerLost)] = InDoubt,
        [(Submitted, ReachLost)] = InDoubt,
        [(Running, ReachLost)] = InDoubt,
        [(PendingSubmit, BackendSucceeded)] = Succeeded,
        [(PendingSubmit, BackendFailed)] = Failed,
        [(PendingSubmit, BackendAborted)] = Aborted,
        [(PendingSubmit, RetryDue)] = PendingSubmit,
        [(PendingSubmit, AbortRequested)] = Aborting,
        [(PendingSubmit, Noted)] = PendingSubmit,

        [(Submitted, BackendStarted)] = Running,
        [(Submitted, BackendSucceeded)] = Succeeded,
        [(Submitted, BackendFailed)] = Failed,
        [(Submitted, BackendAborted)] = Aborted,
        [(Submitted, RetryDue)] = PendingSubmit,
        [(Submitted, AbortRequested)] = Aborting,
        [(Submitted, Noted)] = Submitted,

        [(Running, BackendSucceeded)] = Succeeded,
        [(Running, BackendFailed)] = Failed,
        [(Running, BackendAborted)] = Aborted,
        [(Running, RetryDue)] = PendingSubmit,
        [(Running, AbortRequested)] = Aborting,
        [(Running, Noted)] = Running,

        [(InDoubt, FoundNotStarted)] = PendingSubmit,
        [(InDoubt, BackendAccepted)] = Submitted,
        [(InDoubt, BackendStarted)] = Running,
        [(InDoubt, BackendRejected)] = Failed,
        [(InDoubt, BackendSucceeded)] = Succeeded,
        [(InDoubt, BackendFailed)] = Failed,
        [(InDoubt, BackendAborted)] = Aborted,
        [(InDoubt, RetryDue)] = PendingSubmit,
        [(InDoubt, AbortRequested)] = Aborting,
        [(InDoubt, WrittenOff)] = Failed,
        [(InDoubt, Noted)] = InDoubt,

        [(Aborting, BackendAccepted)] = Aborting,
        [(Aborting, BackendStarted)] = Aborting,
        [(Aborting, AnswerLost)] = Aborting,
        [(Aborting, BackendRejected)] = Aborted,
        [(Aborting, FoundNotStarted)] = Aborted,
        [(Aborting, BackendSucceeded)] = Succeeded,
        [(Aborting, BackendFailed)] = Failed,
        [(Aborting, BackendAborted)] = Aborted,
        [(Aborting, RetryDue)] = PendingSubmit,
        [(Aborting, AbortRequested)] = Aborting,
        [(Aborting, WrittenOff)] = Failed,
        [(Aborting, Noted)] = Aborting,
    };

    private static IEnumerable<(RunStatus From, RunTrigger Trigger)> Pairs =>
        from status in Enum.GetValues<RunStatus>()
        from trigger in Enum.GetValues<RunTrigger>()
        select (status, trigger);

    [Fact]
    public void Next_ForEveryPair_IsAsWrittenDownHere()
    {
        var wrong = Pairs
            .Select(p => (p.From, p.Trigger, Expected: Legal.TryGetValue(p, out var to) ? to : (RunStatus?)null, Actual: RunTransitions.Next(p.From, p.Trigger)))
            .Where(p => p.Expected != p.Actual);

        Assert.Empty(wrong);
    }

    [Fact]
    public void NothingLeavesAFinalStatus()
    {
        Assert.All(Pairs.Where(p => p.From.IsFinal()), p => Assert.Null(RunTransitions.Next(p.From, p.Trigger)));
        Assert.Equal(RunStatusNames.Final, Enum.GetValues<RunStatus>().Where(s => s.IsFinal()));
    }

    [Fact]
    public void EveryStatusIsReachedFromDefined() =>
        Assert.Equal(Enum.GetValues<RunStatus>(), ReachableFrom(Defined).Order());

    [Fact]
    public void EveryStatusReachesAnEnd() =>
        Assert.All(Enum.GetValues<RunStatus>(), s => Assert.Contains(ReachableFrom(s), r => r.IsFinal()));

    [Fact]
    public void EveryTriggerMeansSomethingSomewhere() =>
        Assert.All(Enum.GetValues<RunTrigger>(), t => Assert.Contains(Enum.GetValues<RunStatus>(), s => RunTransitions.Next(s, t) is not null));

    [Fact]
    public void AStopIsHeardInEveryStatusThatIsNotFinal() =>
        Assert.All(Enum.GetValues<RunStatus>().Where(s => !s.IsFinal()), s =>
            Assert.Contains(RunTransitions.Next(s, AbortRequested), new RunStatus?[] { Aborting, Aborted }));

    [Fact]
    public void AbortingIsLeftForAnEndOrAnotherAttemptOnly() =>
        Assert.All(
            Enum.GetValues<RunTrigger>().Select(t => RunTransitions.Next(Aborting, t)).OfType<RunStatus>(),
            s => Assert.True(s.IsFinal() || s is Aborting or PendingSubmit));

    private static HashSet<RunStatus> ReachableFrom(RunStatus start)
    {
        var seen = new HashSet<RunStatus> { start };
        var open = new Queue<RunStatus>([start]);
        while (open.TryDequeue(out var status))
        {
            foreach (var next in Enum.GetValues<RunTrigger>().Select(t => RunTransitions.Next(status, t)).OfType<RunStatus>().Where(seen.Add))
            {
                open.Enqueue(next);
            }
        }

        return seen;
    }
}
