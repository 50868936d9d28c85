using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Fixtures;

/// <summary>A backend whose every answer the test decides, and which keeps a ledger of what it was asked: the truth that Ascob's view is compared with.</summary>
internal class ScriptedBackend(string id = "scripted") : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportChanges, IBackendType
{
    private readonly Channel<string> _changes = Channel.CreateUnbounded<string>();

    public string BackendId { get; } = id;

    public string Name => "Scripted";

    public string? InstanceLabel { get; init; }

    public bool ResendIsSafe { get; set; }

    public string? Place { get; set; }

    /// <summary>Gets the marker of every submission that arrived, in order, repeats included.</summary>
    public ConcurrentQueue<BackendJob> Arrived { get; } = new();

    /// <summary>Gets the jobs that really started, by marker, with their state.</summary>
    public ConcurrentDictionary<string, BackendReport> Jobs { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets the markers of jobs that were started more than once.</summary>
    public ConcurrentBag<string> StartedTwice { get; } = [];

    public ConcurrentQueue<(string Marker, StopMode Mode)> Stops { get; } = new();

    public int StatusQuestions => _statusQuestions;

    /// <summary>Gets or sets what a submission does; the default starts the job and accepts.</summary>
    public Func<BackendJob, CancellationToken, Task<SubmitOutcome>>? OnSubmit { get; set; }

    public Func<BackendJob, FindOutcome>? OnFind { get; set; }

    /// <summary>Gets or sets what a status question answers about one job; null from it falls through to <see cref="Jobs"/>.</summary>
    public Func<BackendRunRef, BackendReport?>? OnStatus { get; set; }

    /// <summary>Gets or sets what is told of every status question: about how many jobs it is.</summary>
    public Action<int>? OnStatuses { get; set; }

    /// <summary>Gets or sets what a status question does before it is answered, such as to wait; the default does nothing.</summary>
    public Func<CancellationToken, Task>? BeforeAnswer { get; set; }

    public BackendHealth Health { get; set; } = new(true);

    /// <summary>Gets or sets what a question for its health does before it is answered; the default does nothing.</summary>
    public Func<CancellationToken, Task>? BeforeHealth { get; set; }

    /// <summary>Gets or sets whether a stop ends the job at once.</summary>
    public bool StopEnds { get; set; } = true;

    private int _statusQuestions;

    public IBackendAdapter Create(BackendContext context) => this;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => [];

    public async Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken)
    {
        Arrived.Enqueue(job);
        return OnSubmit is { } script ? await script(job, cancellationToken) : Start(job);
    }

    /// <summary>Starts the job as the real system would, and accepts.</summary>
    public SubmitOutcome Start(BackendJob job, BackendState state = BackendState.Running)
    {
        if (!Jobs.TryAdd(job.Marker, new BackendReport { Marker = job.Marker, State = state, Word = state.ToString().ToUpperInvariant() }))
        {
            StartedTwice.Add(job.Marker);
        }

        return SubmitOutcome.Accepted(Keys(job.Marker));
    }

    /// <summary>Moves a job on, and gives a hint of it.</summary>
    public void Set(string marker, BackendState state, string? reason = null)
    {
        Jobs[marker] = new BackendReport { Marker = marker, State = state, Word = state.ToString().ToUpperInvariant(), Reason = reason };
        _changes.Writer.TryWrite(marker);
    }

    public static Dictionary<string, string> Keys(string marker) => new(StringComparer.Ordinal) { ["marker"] = marker };

    public async Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken)
    {
        await (BeforeAnswer?.Invoke(cancellationToken) ?? Task.CompletedTask);
        return OnFind?.Invoke(job)
            ?? (Jobs.ContainsKey(job.Marker) ? new FindOutcome(FindOutcomeKind.Found, Keys(job.Marker)) : new FindOutcome(FindOutcomeKind.NotFound));
    }

    public async Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _statusQuestions);
        OnStatuses?.Invoke(runs.Count);
        await (BeforeAnswer?.Invoke(cancellationToken) ?? Task.CompletedTask);
        return [.. runs.Select(r =>
            OnStatus?.Invoke(r)
            ?? Jobs.GetValueOrDefault(r.Marker)
            ?? new BackendReport { Marker = r.Marker, State = BackendState.NotFound })];
    }

    public Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        Stops.Enqueue((run.Marker, mode));
        if (StopEnds || mode == StopMode.Hard)
        {
            Set(run.Marker, BackendState.Aborted, "stopped");
        }

        return Task.FromResult(new StopOutcome(true));
    }

    public async Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken)
    {
        await (BeforeHealth?.Invoke(cancellationToken) ?? Task.CompletedTask);
        return Health;
    }

    public async IAsyncEnumerable<string> ChangesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var marker in _changes.Reader.ReadAllAsync(cancellationToken))
        {
            yield return marker;
        }
    }
}
