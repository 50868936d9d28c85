using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ascob.Core.Runs;

namespace Ascob.Core.Telemetry;

/// <summary>The figures that Ascob counts, and the source of its traces. Names are part of the contract with dashboards.</summary>
public sealed class AscobMetrics : IDisposable
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Ascob";

    private readonly Meter _meter;
    private readonly Counter<long> _submitted;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _failedAuthentications;
    private readonly Counter<long> _backendCalls;
    private readonly Histogram<double> _submitDuration;
    private readonly Histogram<double> _startDelay;
    private readonly Histogram<double> _runDuration;
    private readonly ConcurrentDictionary<(string? BackendId, RunStatus Status), int> _active = new();

    /// <summary>Initialises the instruments.</summary>
    public AscobMetrics(IMeterFactory? meters = null)
    {
        _meter = meters is null ? new Meter(Name) : meters.Create(Name);
        _submitted = _meter.CreateCounter<long>("ascob_runs_submitted", description: "Runs taken in.");
        _refused = _meter.CreateCounter<long>("ascob_submissions_refused", description: "Submissions that left no run behind, by error code.");
        _finished = _meter.CreateCounter<long>("ascob_runs_finished", description: "Runs that became final.");
        _failedAuthentications = _meter.CreateCounter<long>("ascob_failed_authentications", description: "Requests with a token that was not accepted.");
        _backendCalls = _meter.CreateCounter<long>("ascob_backend_calls", description: "Calls to backends, by kind and outcome.");
        _submitDuration = _meter.CreateHistogram<double>("ascob_submit_duration", "s", "From the request to the committed run.");
        _startDelay = _meter.CreateHistogram<double>("ascob_start_delay", "s", "From the committed run to the accepted submission.");
        _runDuration = _meter.CreateHistogram<double>("ascob_run_duration", "s", "From the definition to the end.");
        _meter.CreateObservableGauge("ascob_active_runs", ObserveActive, description: "Runs that are not final, as last counted.");
    }

    /// <summary>Gets the source of traces.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Counts a run that was taken in, and how long that took.</summary>
    public void RunSubmitted(TimeSpan duration)
    {
        _submitted.Add(1);
        _submitDuration.Record(duration.TotalSeconds);
    }

    /// <summary>Counts a submission that left no run behind.</summary>
    public void SubmissionRefused(string code) => _refused.Add(1, new KeyValuePair<string, object?>("code", code));

    /// <summary>Counts an accepted submission at a backend, and how long the run waited for it.</summary>
    public void RunStarted(string backendId, TimeSpan delay) =>
        _startDelay.Record(delay.TotalSeconds, new KeyValuePair<string, object?>("backend", backendId));

    /// <summary>Counts a run that became final.</summary>
    public void RunFinished(RunStatus status, string? backendId, TimeSpan duration)
    {
        var tags = new TagList { { "status", status.ToWire() }, { "backend", backendId ?? string.Empty } };
        _finished.Add(1, tags);
        _runDuration.Record(duration.TotalSeconds, tags);
    }

    /// <summary>Counts a call to a backend.</summary>
    /// <param name="backendId">The backend.</param>
    /// <param name="call">Such as <c>submit</c> or <c>status</c>.</param>
    /// <param name="outcome">Such as <c>accepted</c> or <c>unreachable</c>.</param>
    public void BackendCalled(string backendId, string call, string outcome) =>
        _backendCalls.Add(1, new TagList { { "backend", backendId }, { "call", call }, { "outcome", outcome } });

    /// <summary>Counts a token that was not accepted.</summary>
    public void AuthenticationFailed() => _failedAuthentications.Add(1);

    /// <summary>Sets the counts of runs that are not final.</summary>
    public void SetActive(IReadOnlyCollection<RunCount> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var present = counts.ToDictionary(c => (c.BackendId, c.Status), c => c.Count);
        foreach (var known in _active.Keys)
        {
            _active[known] = present.GetValueOrDefault(known);
        }

        foreach (var (key, count) in present)
        {
            _active[key] = count;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> ObserveActive() => _active.Select(a => new Measurement<int>(
        a.Value,
        new KeyValuePair<string, object?>("status", a.Key.Status.ToWire()),
        new KeyValuePair<string, object?>("backend", a.Key.BackendId ?? string.Empty)));
}
