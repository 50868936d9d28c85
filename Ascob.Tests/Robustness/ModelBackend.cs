using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Robustness;

/// <summary>A backend that does what a job's labels say and otherwise waits for the test: the other system of the model.</summary>
internal sealed class ModelBackend : IBackendAdapter, IBackendType, ISupportFind, ISupportStatus, ISupportStop, ISupportChanges
{
    public const string Id = "model";
    public const string AnswerLabel = "model_answer";
    public const string StubbornLabel = "model_stubborn";
    private readonly Channel<string> _changes = Channel.CreateUnbounded<string>();

    public string BackendId => Id;

    public string Name => "Model";

    public string? InstanceLabel => null;

    public bool ResendIsSafe => false;

    /// <summary>Gets the jobs that arrived, by run.</summary>
    public ConcurrentDictionary<long, BackendJob> Arrived { get; } = new();

    /// <summary>Gets what became of the jobs, by marker.</summary>
    public ConcurrentDictionary<string, BackendState> States { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets the markers that look-ups cannot be answered for.</summary>
    public ConcurrentDictionary<string, bool> Hidden { get; } = new(StringComparer.Ordinal);

    public IBackendAdapter Create(BackendContext context) => this;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => [];

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken)
    {
        Arrived[job.RunId] = job;
        var answer = Enum.Parse<Answer>(job.Spec.Label(AnswerLabel, nameof(Answer.Run))!);
        if (answer == Answer.Reject)
        {
            return Task.FromResult(SubmitOutcome.Rejected("the model rejects it"));
        }

        var isFirst = !States.ContainsKey(job.Marker);
        var state = States.GetOrAdd(job.Marker, answer == Answer.Queue ? BackendState.Queued : BackendState.Running);
        if (answer == Answer.Lose && isFirst)
        {
            Hidden[job.Marker] = true;
            return Task.FromResult(SubmitOutcome.Unknown("the model loses the answer"));
        }

        return Task.FromResult(SubmitOutcome.Accepted(Keys(job.Marker), Report(job.Marker, state)));
    }

    /// <summary>Moves a job on, and gives a hint of it.</summary>
    public void Set(string marker, BackendState state)
    {
        States[marker] = state;
        _changes.Writer.TryWrite(marker);
    }

    public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(
        Hidden.ContainsKey(job.Marker) ? new FindOutcome(FindOutcomeKind.Failed, Reason: "the model does not say")
        : States.ContainsKey(job.Marker) ? new FindOutcome(FindOutcomeKind.Found, Keys(job.Marker))
        : new FindOutcome(FindOutcomeKind.NotFound) { Certain = true });

    public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<BackendReport>>([.. runs.Select(r => Report(r.Marker, States.GetValueOrDefault(r.Marker, BackendState.NotFound)))]);

    public Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        var isStubborn = Arrived[run.RunId].Spec.Label(StubbornLabel) is not null;
        if ((mode == StopMode.Hard || !isStubborn) && States[run.Marker] is BackendState.Queued or BackendState.Running)
        {
            Set(run.Marker, BackendState.Aborted);
        }

        return Task.FromResult(new StopOutcome(true));
    }

    public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => Task.FromResult(new BackendHealth(true));

    public async IAsyncEnumerable<string> ChangesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var marker in _changes.Reader.ReadAllAsync(cancellationToken))
        {
            yield return marker;
        }
    }

    public static Dictionary<string, string> Keys(string marker) => new(StringComparer.Ordinal) { ["job"] = marker };

    private static BackendReport Report(string marker, BackendState state) =>
        new() { Marker = marker, State = state, Word = state.ToString(), StartedAt = null };

    /// <summary>What the backend does with a submission.</summary>
    internal enum Answer
    {
        /// <summary>Starts it.</summary>
        Run,

        /// <summary>Takes it, and starts it later.</summary>
        Queue,

        /// <summary>Refuses it for good.</summary>
        Reject,

        /// <summary>Starts it, and the answer is lost; look-ups fail until the test reveals it.</summary>
        Lose,
    }
}
