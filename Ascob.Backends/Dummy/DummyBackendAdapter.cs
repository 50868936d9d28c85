using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Timing;

namespace Ascob.Backends.Dummy;

/// <summary>
/// Pretends to run jobs. What a job does follows from its keys and the time, so nothing is lost with the server but the memory of stops, and of jobs whose answer
/// was lost on purpose.
/// </summary>
internal sealed class DummyBackendAdapter(string backendId, MonotonicClock clock)
    : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportOutput, ISupportChanges, ISupportCleanup
{
    private const int MostRemembered = 10_000;
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(1);

    private readonly ConcurrentDictionary<string, DummyPlan> _plans = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _stops = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _oldest = new();
    private readonly ConcurrentDictionary<Channel<string>, bool> _listeners = new();
    private readonly ConcurrentDictionary<ITimer, bool> _timers = new();

    public string BackendId { get; } = backendId;

    public bool ResendIsSafe => false;

    public bool SeparatesStreams => true;

    // The output follows from the keys of the run alone, so there is nothing that could be forgotten, and nothing to archive.
    public bool KeepsOutput => true;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => DummyPlan.Validate(spec);

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(Submit(job));

    public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => Task.FromResult(new BackendHealth(true));

    public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(
        _plans.TryGetValue(job.Marker, out var plan)
            ? new FindOutcome(FindOutcomeKind.Found, plan.ToKeys())
            : new FindOutcome(FindOutcomeKind.NotFound, Reason: "The dummy backend has never seen this job.") { Certain = true });

    public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<BackendReport>>([.. runs.Select(Report)]);

    public Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        if (PlanOf(run) is null)
        {
            return Task.FromResult(new StopOutcome(false, "The dummy backend does not know this job."));
        }

        _stops.TryAdd(run.Marker, clock.Now);
        Tell(run.Marker);
        return Task.FromResult(new StopOutcome(true));
    }

    public Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        var hasStarted = Report(run) is { StartedAt: not null };
        var text = hasStarted && channel != OutputChannel.Stderr ? PlanOf(run)!.Output : string.Empty;
        var bytes = Encoding.UTF8.GetBytes(text);
        var from = (int)Math.Min(offset, bytes.Length);
        var piece = bytes.AsMemory(from, Math.Min(maxBytes, bytes.Length - from));
        var next = from + piece.Length;
        var isOver = Report(run).State is not (BackendState.Queued or BackendState.Running);
        return Task.FromResult(new OutputChunk(piece, next, isOver && next == bytes.Length));
    }

    public async IAsyncEnumerable<string> ChangesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<string>();
        _listeners[channel] = true;
        try
        {
            await foreach (var marker in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return marker;
            }
        }
        finally
        {
            _listeners.TryRemove(channel, out _);
        }
    }

    public Task CleanUpAsync(BackendRunRef run, CancellationToken cancellationToken)
    {
        _plans.TryRemove(run.Marker, out _);
        _stops.TryRemove(run.Marker, out _);
        return Task.CompletedTask;
    }

    private SubmitOutcome Submit(BackendJob job)
    {
        if (Validate(job.Spec) is [var wrong, ..])
        {
            return SubmitOutcome.Rejected(wrong.Message);
        }

        var fresh = DummyPlan.Of(job.Spec, clock.Now);
        if (fresh.Result == DummyPlan.Reject)
        {
            return SubmitOutcome.Rejected("dummy_result asked for a rejection.");
        }

        var plan = _plans.GetOrAdd(job.Marker, fresh);
        if (ReferenceEquals(plan, fresh))
        {
            Remember(job.Marker, plan);
            TellAt(job.Marker, plan.StartsAt);
            TellAt(job.Marker, plan.EndsAt);
        }

        return plan.Result == DummyPlan.Unknown
            ? SubmitOutcome.Unknown("dummy_result asked for a lost answer.")
            : SubmitOutcome.Accepted(plan.ToKeys(), plan.Report(job.Marker, clock.Now, StopOf(job.Marker)));
    }

    // A job whose answer was lost is known nowhere else, so it is not forgotten before its clean-up.
    private void Remember(string marker, DummyPlan plan)
    {
        if (plan.Result == DummyPlan.Unknown)
        {
            return;
        }

        _oldest.Enqueue(marker);
        while (_oldest.Count > MostRemembered && _oldest.TryDequeue(out var oldest))
        {
            _plans.TryRemove(oldest, out _);
        }
    }

    private BackendReport Report(BackendRunRef run) => PlanOf(run) is { } plan
        ? plan.Report(run.Marker, clock.Now, StopOf(run.Marker))
        : new BackendReport { Marker = run.Marker, State = BackendState.NotFound, Reason = "the dummy backend does not know this job", Certain = true };

    private DummyPlan? PlanOf(BackendRunRef run) => DummyPlan.TryRead(run.Keys) ?? _plans.GetValueOrDefault(run.Marker);

    private DateTimeOffset? StopOf(string marker) => _stops.TryGetValue(marker, out var at) ? at : null;

    private void TellAt(string marker, DateTimeOffset? at)
    {
        // Read once: the time goes on between two readings, and a timer takes no time that has passed.
        if (at - clock.Now is not { } left || left <= TimeSpan.Zero)
        {
            return;
        }

        ITimer? timer = null;
        timer = clock.Time.CreateTimer(
            _ =>
            {
                // Timers of the runtime count in coarse ticks and may ring some milliseconds early; a hint before the change would be lost.
                if (timer is not null && at - clock.Now is { } early && early > TimeSpan.Zero)
                {
                    timer.Change(early + Late, Timeout.InfiniteTimeSpan);
                    return;
                }

                Tell(marker);
                if (timer is not null && _timers.TryRemove(timer, out var _))
                {
                    timer.Dispose();
                }
            },
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _timers[timer] = true;

        // Started only now, so that it cannot ring before it is known; a little late, so that the state has changed when it rings.
        timer.Change(left + Late, Timeout.InfiniteTimeSpan);
    }

    private void Tell(string marker)
    {
        foreach (var listener in _listeners.Keys)
        {
            listener.Writer.TryWrite(marker);
        }
    }
}
