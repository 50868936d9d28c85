using System.Text;
using Ascob.Backends.Dummy;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Timing;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.Dummy;

public sealed class DummyBackendAdapterTests
{
    private readonly FakeTimeProvider _time = new();
    private DummyBackendAdapter _adapter;

    public DummyBackendAdapterTests() => _adapter = NewAdapter();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_WhenThereIsNothingToWaitFor_ReportsSuccessAtOnce()
    {
        var outcome = await _adapter.SubmitAsync(Job(), Token);

        Assert.Equal(SubmitOutcomeKind.Accepted, outcome.Kind);
        Assert.Equal(BackendState.Succeeded, outcome.Report!.State);
    }

    [Fact]
    public async Task Status_WhenTimePasses_FollowsThePlan_AlsoAfterARestart()
    {
        var run = await AcceptedAsync(Job(("dummy_delay_ms", "100"), ("dummy_run_ms", "200")));
        var states = new List<BackendState>();

        for (var i = 0; i < 4; i++)
        {
            states.Add((await StatusAsync(run)).State);
            _adapter = NewAdapter();
            _time.Advance(TimeSpan.FromMilliseconds(101));
        }

        Assert.Equal([BackendState.Queued, BackendState.Running, BackendState.Running, BackendState.Succeeded], states);
    }

    [Fact]
    public async Task Submit_WhenItTakesLongerThanTheJob_IsAcceptedAllTheSame()
    {
        _time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(15);

        var outcome = await _adapter.SubmitAsync(Job(("dummy_run_ms", "40")), Token);

        Assert.Equal(SubmitOutcomeKind.Accepted, outcome.Kind);
    }

    [Fact]
    public async Task Status_WhenRunning_TellsProgress()
    {
        var run = await AcceptedAsync(Job(("dummy_run_ms", "200")));

        _time.Advance(TimeSpan.FromMilliseconds(50));

        Assert.Equal(25, (await StatusAsync(run)).Progress!.Value, 1.0);
    }

    [Fact]
    public async Task Submit_WhenFailureIsAsked_ReportsIt()
    {
        var outcome = await _adapter.SubmitAsync(Job(("dummy_result", "failure")), Token);

        Assert.Equal(BackendState.Failed, outcome.Report!.State);
        Assert.Equal(1, outcome.Report.ExitCode);
    }

    [Fact]
    public async Task Submit_WhenRejectionIsAsked_IsRejected()
    {
        var outcome = await _adapter.SubmitAsync(Job(("dummy_result", "reject")), Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
    }

    [Fact]
    public async Task Submit_WhenAnswerIsLost_FindAdoptsTheJob()
    {
        var job = Job(("dummy_result", "unknown"), ("dummy_run_ms", "10"));

        var outcome = await _adapter.SubmitAsync(job, Token);
        var found = await _adapter.FindAsync(job, Token);
        _time.Advance(TimeSpan.FromMilliseconds(11));

        Assert.Equal(SubmitOutcomeKind.Unknown, outcome.Kind);
        Assert.Equal(FindOutcomeKind.Found, found.Kind);
        Assert.Equal(BackendState.Succeeded, (await StatusAsync(new BackendRunRef(1, job.Marker, found.Keys!))).State);
    }

    [Fact]
    public async Task Status_WhenJobHangs_RunsUntilStopped()
    {
        var run = await AcceptedAsync(Job(("dummy_result", "hang")));
        _time.Advance(TimeSpan.FromDays(2));
        var before = (await StatusAsync(run)).State;

        await _adapter.StopAsync(run, StopMode.Soft, Token);

        Assert.Equal(BackendState.Running, before);
        Assert.Equal(BackendState.Aborted, (await StatusAsync(run)).State);
    }

    [Fact]
    public async Task Stop_WhenJobHasEnded_ChangesNothing()
    {
        var run = await AcceptedAsync(Job());
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await _adapter.StopAsync(run, StopMode.Hard, Token);

        Assert.Equal(BackendState.Succeeded, (await StatusAsync(run)).State);
    }

    [Theory]
    [InlineData(null, "Dummy output\n")]
    [InlineData("grüße", "grüße")]
    public async Task ReadOutput_FromAnyOffset_AnswersTheRest(string? label, string expected)
    {
        var run = await AcceptedAsync(label is null ? Job() : Job(("dummy_output", label)));
        var bytes = Encoding.UTF8.GetBytes(expected);

        for (var offset = 0; offset <= bytes.Length; offset++)
        {
            var chunk = await _adapter.ReadOutputAsync(run, OutputChannel.Combined, offset, 1000, Token);
            Assert.Equal(bytes[offset..], chunk.Data.ToArray());
            Assert.True(chunk.Complete);
        }
    }

    [Fact]
    public async Task Changes_WhenStateChanges_TellMarkerEachTime()
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var changes = _adapter.ChangesAsync(over.Token).GetAsyncEnumerator(over.Token);
        var first = changes.MoveNextAsync();
        var run = await AcceptedAsync(Job(("dummy_delay_ms", "100"), ("dummy_run_ms", "100")));

        _time.Advance(TimeSpan.FromMilliseconds(110));
        Assert.True(await first);
        var stateAtFirst = (await StatusAsync(run)).State;
        var second = changes.MoveNextAsync();
        _time.Advance(TimeSpan.FromMilliseconds(110));

        Assert.True(await second);
        Assert.Equal(run.Marker, changes.Current);
        Assert.Equal(BackendState.Running, stateAtFirst);
        Assert.Equal(BackendState.Succeeded, (await StatusAsync(run)).State);
    }

    [Fact]
    public async Task Changes_WhenTimersRingEarly_TellTheMarkerOnlyWhenTheStateHasChanged()
    {
        _adapter = new DummyBackendAdapter("dummy", new MonotonicClock(new EarlyTimers(_time, TimeSpan.FromMilliseconds(5))));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var changes = _adapter.ChangesAsync(over.Token).GetAsyncEnumerator(over.Token);
        var told = changes.MoveNextAsync();
        var run = await AcceptedAsync(Job(("dummy_run_ms", "20")));

        for (var i = 0; i < 30 && !told.IsCompleted; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.True(await told);
        Assert.Equal(BackendState.Succeeded, (await StatusAsync(run)).State);
    }

    [Theory]
    [InlineData("dummy_delay_ms", "-1")]
    [InlineData("dummy_delay_ms", "1.5")]
    [InlineData("dummy_run_ms", "99999999999999999999")]
    [InlineData("dummy_run_ms", "soon")]
    [InlineData("dummy_result", "SUCCESS")]
    public void Validate_WhenLabelIsWrong_NamesItAndItsValue(string label, string value)
    {
        var error = Assert.Single(_adapter.Validate(Job((label, value)).Spec));

        Assert.Equal($"jobSpec.labels.{label}", error.Field);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }

    private static BackendJob Job(params (string Key, string Value)[] labels) => new()
    {
        RunId = 1,
        Marker = "ascob-" + Guid.NewGuid().ToString("N"),
        Attempt = 1,
        Spec = new JobSpec { Labels = labels.ToDictionary(l => l.Key, l => l.Value) },
    };

    private DummyBackendAdapter NewAdapter() => new("dummy", new MonotonicClock(_time));

    private async Task<BackendRunRef> AcceptedAsync(BackendJob job) =>
        new(job.RunId, job.Marker, (await _adapter.SubmitAsync(job, Token)).Keys);

    private async Task<BackendReport> StatusAsync(BackendRunRef run) => (await _adapter.GetStatusesAsync([run], Token)).Single();

    /// <summary>Timers as those of a runtime that counts in coarse ticks.</summary>
    private sealed class EarlyTimers(FakeTimeProvider time, TimeSpan early) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new EarlyTimer(time.CreateTimer(callback, state, dueTime, period), early);

        private sealed class EarlyTimer(ITimer timer, TimeSpan early) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime > early ? dueTime - early : dueTime, period);

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
