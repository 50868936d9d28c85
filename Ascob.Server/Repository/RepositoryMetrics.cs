using System.Diagnostics.Metrics;
using Ascob.Core.Telemetry;

namespace Ascob.Server.Repository;

/// <summary>The metrics of the repository of job definitions. Names are listed in <c>docs/operations.md</c>.</summary>
internal sealed class RepositoryMetrics
{
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;

    public RepositoryMetrics(IMeterFactory meters)
    {
        // The factory owns it, and gives the same one to all who ask for this name.
        var meter = meters.Create(AscobMetrics.SourceName);
        _calls = meter.CreateCounter<long>("ascob_repository_calls", "{call}", "Looks at the repository of job definitions, by outcome.");
        _duration = meter.CreateHistogram(
            "ascob_repository_duration",
            "s",
            "How long a look at the repository took.",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.25, 1, 5, 30, 120] });
    }

    /// <summary>Notes a look.</summary>
    public void Looked(bool reached, TimeSpan took)
    {
        _calls.Add(1, new KeyValuePair<string, object?>("outcome", reached ? "reached" : "failed"));
        _duration.Record(took.TotalSeconds);
    }
}
