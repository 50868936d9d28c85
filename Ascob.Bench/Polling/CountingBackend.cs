using System.Diagnostics;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Bench.Polling;

/// <summary>A backend that takes every job, says that it runs, and counts how it is asked. One that does not answer keeps its callers waiting until they give up.</summary>
internal sealed class CountingBackend(string id, bool answers) : IBackendAdapter, IBackendType, ISupportStatus
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _last = new(StringComparer.Ordinal);
    private readonly List<double> _between = [];

    public string BackendId { get; } = id;

    public string Name => "Counting";

    public string? InstanceLabel => null;

    public bool ResendIsSafe => false;

    public int Requests { get; private set; }

    public int Asked { get; private set; }

    public IBackendAdapter Create(BackendContext context) => this;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => [];

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(SubmitOutcome.Accepted(
        new Dictionary<string, string>(StringComparer.Ordinal) { ["job"] = job.Marker }, Running(job.Marker)));

    public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => Task.FromResult(new BackendHealth(true));

    public async Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken)
    {
        if (!answers)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        lock (_gate)
        {
            Requests++;
            Asked += runs.Count;
            var now = Stopwatch.GetTimestamp();
            foreach (var run in runs)
            {
                if (_last.TryGetValue(run.Marker, out var last))
                {
                    _between.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
                }

                _last[run.Marker] = now;
            }
        }

        return [.. runs.Select(r => Running(r.Marker))];
    }

    /// <summary>Begins to count anew; when a run was last asked for is remembered.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Requests = Asked = 0;
            _between.Clear();
        }
    }

    /// <summary>Answers the seconds between two questions about the same run.</summary>
    public double[] Between()
    {
        lock (_gate)
        {
            return [.. _between];
        }
    }

    /// <summary>Answers the seconds since the run that was not asked for longest: one that is forgotten shows here, and only here.</summary>
    public double LongestSince()
    {
        lock (_gate)
        {
            return _last.Count == 0 ? 0 : Stopwatch.GetElapsedTime(_last.Values.Min()).TotalSeconds;
        }
    }

    private static BackendReport Running(string marker) => new() { Marker = marker, State = BackendState.Running };
}
