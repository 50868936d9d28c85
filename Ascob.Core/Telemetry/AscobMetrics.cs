using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ascob.Core.Runs;

namespace Ascob.Core.Telemetry;

/// <summary>The metrics and the trace source of the engine. Names are listed in <c>docs/operations.md</c>.</summary>
public sealed class AscobMetrics : IDisposable
{
    /// <summary>The name of the meter and of the trace source.</summary>
    public const string SourceName = "Ascob";

    // The usual limits of buckets are made for milliseconds.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    };

    private readonly Meter _meter;
    private readonly Counter<long> _submitted;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _submissions;
    private readonly Histogram<double> _submitDuration;
    private readonly Histogram<double> _callDuration;
    private readonly Histogram<double> _startLatency;
    private readonly Histogram<double> _pollLateness;
    private readonly Histogram<double> _lockWait;
    private readonly Histogram<double> _lockHold;
    private readonly Histogram<double> _lockHandOver;
    private readonly Counter<long> _lockErrors;

    /// <summary>Initialises the instruments.</summary>
    public AscobMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(SourceName);
        _submitted = _meter.CreateCounter<long>("ascob_runs_submitted", "{run}", "Runs stored.");
        _finished = _meter.CreateCounter<long>("ascob_runs_finished", "{run}", "Runs that became final, by status and backend.");
        _submissions = _meter.CreateCounter<long>("ascob_backend_submissions", "{call}", "Submissions to backends, by outcome and backend.");
        _submitDuration = Duration("ascob_submit_duration", "From the receipt of a job to the commit of its run.");
        _callDuration = Duration("ascob_backend_call_duration", "Calls to backends, by operation and backend.");
        _startLatency = Duration("ascob_submit_to_start", "From the storing of a run to its acceptance by the backend.");
        _pollLateness = Duration("ascob_poll_lateness", "How late a due run was looked at.");
        _lockWait = Duration("ascob_lock_wait", "How long a run waited for its locks, those that got them at once included.");
        _lockHold = Duration("ascob_lock_hold", "How long a run held its locks.");
        _lockHandOver = Duration("ascob_lock_hand_over", "From the end of a run to the grant of its locks to the next in line.");
        _lockErrors = _meter.CreateCounter<long>("ascob_lock_consul_errors", "{call}", "Calls to Consul that gave no answer to their question, by kind.");
    }

    /// <summary>Gets the trace source.</summary>
    public static ActivitySource Traces { get; } = new(SourceName);

    /// <summary>Notes a stored run, and how long that took.</summary>
    public void Submitted(string? backendId, TimeSpan duration)
    {
        _submitted.Add(1, Tag("backend", backendId));
        _submitDuration.Record(duration.TotalSeconds, Tag("backend", backendId));
    }

    /// <summary>Notes a run that became final.</summary>
    public void Finished(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _finished.Add(1, Tag("status", run.Status.ToWire()), Tag("backend", run.BackendId));
    }

    /// <summary>Notes the outcome of a submission to a backend.</summary>
    public void SubmissionOutcome(string backendId, string outcome) =>
        _submissions.Add(1, Tag("backend", backendId), Tag("outcome", outcome));

    /// <summary>Notes a call to a backend.</summary>
    public void BackendCall(string backendId, string operation, TimeSpan duration) =>
        _callDuration.Record(duration.TotalSeconds, Tag("backend", backendId), Tag("operation", operation));

    /// <summary>Notes the time from storing a run to its acceptance.</summary>
    public void Started(string backendId, TimeSpan latency) => _startLatency.Record(latency.TotalSeconds, Tag("backend", backendId));

    /// <summary>Notes how late a due run was looked at.</summary>
    public void PollLateness(string backendId, TimeSpan lateness) =>
        _pollLateness.Record(Math.Max(0, lateness.TotalSeconds), Tag("backend", backendId));

    /// <summary>Notes how long a run waited for its locks.</summary>
    public void LockWaited(TimeSpan wait) => _lockWait.Record(Math.Max(0, wait.TotalSeconds));

    /// <summary>Notes how long a run held its locks.</summary>
    public void LockHeld(TimeSpan hold) => _lockHold.Record(Math.Max(0, hold.TotalSeconds));

    /// <summary>Notes the time from the end of a run to the grant of its locks to the next.</summary>
    public void LockHandedOver(TimeSpan duration) => _lockHandOver.Record(duration.TotalSeconds);

    /// <summary>Notes a call to Consul that failed.</summary>
    public void ConsulError(string kind) => _lockErrors.Add(1, Tag("kind", kind));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private Histogram<double> Duration(string name, string description) => _meter.CreateHistogram(name, "s", description, null, Seconds);

    private static KeyValuePair<string, object?> Tag(string name, string? value) => new(name, value ?? "none");
}
