using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ascob.Core.Runs;

namespace Ascob.Core.Telemetry;

/// <summary>The metrics and the trace source of the engine. Names are listed in <c>docs/operations.md</c>.</summary>
public sealed class AscobMetrics : IDisposable
{
    /// <summary>The name of the meter and of the trace source.</summary>
    public const string SourceName = "Ascob";

    private readonly Meter _meter;
    private readonly Counter<long> _submitted;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _submissions;
    private readonly Histogram<double> _callDuration;
    private readonly Histogram<double> _startLatency;
    private readonly Histogram<double> _pollLateness;

    /// <summary>Initialises the instruments.</summary>
    public AscobMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(SourceName);
        _submitted = _meter.CreateCounter<long>("ascob_runs_submitted", "{run}", "Runs stored.");
        _finished = _meter.CreateCounter<long>("ascob_runs_finished", "{run}", "Runs that became final, by status and backend.");
        _submissions = _meter.CreateCounter<long>("ascob_backend_submissions", "{call}", "Submissions to backends, by outcome and backend.");
        _callDuration = _meter.CreateHistogram<double>("ascob_backend_call_duration", "s", "Calls to backends, by operation and backend.");
        _startLatency = _meter.CreateHistogram<double>("ascob_submit_to_start", "s", "From the storing of a run to its acceptance by the backend.");
        _pollLateness = _meter.CreateHistogram<double>("ascob_poll_lateness", "s", "How late a due run was looked at.");
    }

    /// <summary>Gets the trace source.</summary>
    public static ActivitySource Traces { get; } = new(SourceName);

    /// <summary>Notes a stored run.</summary>
    public void Submitted(string? backendId) => _submitted.Add(1, Tag("backend", backendId));

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

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, string? value) => new(name, value ?? "none");
}
