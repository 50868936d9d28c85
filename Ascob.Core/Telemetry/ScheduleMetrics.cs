using System.Diagnostics.Metrics;
using Ascob.Core.Schedules;

namespace Ascob.Core.Telemetry;

/// <summary>The metrics of schedules. Names are listed in <c>docs/operations.md</c>.</summary>
public sealed class ScheduleMetrics
{
    private readonly Counter<long> _firings;
    private readonly Histogram<double> _lateness;

    /// <summary>Initialises the instruments.</summary>
    public ScheduleMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);

        // The factory owns it, and gives the same one to all who ask for this name.
        var meter = meters.Create(AscobMetrics.SourceName);
        _firings = meter.CreateCounter<long>("ascob_schedule_firings", "{firing}", "Firings of schedules that were settled, by outcome.");
        _lateness = meter.CreateHistogram(
            "ascob_schedule_lateness",
            "s",
            "How late a firing launched its run.",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600] });
    }

    /// <summary>Notes firings that were missed and are not made up for.</summary>
    public void Missed(long count) => _firings.Add(count, new KeyValuePair<string, object?>("outcome", "missed"));

    /// <summary>Notes what became of a firing.</summary>
    public void Fired(TickState state, TimeSpan late)
    {
        _firings.Add(1, new KeyValuePair<string, object?>("outcome", state.ToString().ToLowerInvariant()));
        if (state == TickState.Launched)
        {
            _lateness.Record(Math.Max(0, late.TotalSeconds));
        }
    }
}
