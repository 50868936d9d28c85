using System.Diagnostics.Metrics;
using Ascob.Core.Notifications;

namespace Ascob.Core.Telemetry;

/// <summary>The figures of notifications. Names are listed in <c>docs/operations.md</c>.</summary>
public sealed class NotificationMetrics : IDisposable
{
    // From a moment to days: a receiver may be away for long.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 21600, 86400],
    };

    private readonly Meter _meter;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _lag;
    private long _pending;
    private long _dead;

    /// <summary>Initialises the instruments.</summary>
    public NotificationMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(AscobMetrics.SourceName);
        _attempts = _meter.CreateCounter<long>("ascob_notification_attempts", "{call}", "Messages sent to receivers, by kind and outcome.");
        _duration = _meter.CreateHistogram("ascob_notification_duration", "s", "How long an attempt took, by kind.", null, Seconds);
        _lag = _meter.CreateHistogram("ascob_notification_lag", "s", "From an event to its delivery, by kind.", null, Seconds);
        _meter.CreateObservableGauge("ascob_notification_pending", () => Interlocked.Read(ref _pending), "{message}", "Messages that wait for delivery, as last counted.");
        _meter.CreateObservableGauge("ascob_notification_dead", () => Interlocked.Read(ref _dead), "{message}", "Messages that were given up and wait for a person, as last counted.");
    }

    /// <summary>Notes an attempt.</summary>
    public void Attempt(string kind, SendResult result, TimeSpan duration)
    {
        _attempts.Add(1, Tag("kind", kind), Tag("outcome", result switch
        {
            SendResult.Delivered => "delivered",
            SendResult.Retry => "failed",
            SendResult.Dead => "refused",
            SendResult.Gone => "gone",
        }));
        _duration.Record(duration.TotalSeconds, Tag("kind", kind));
    }

    /// <summary>Notes how long after its event a message was delivered.</summary>
    public void Delivered(string kind, TimeSpan lag) => _lag.Record(Math.Max(0, lag.TotalSeconds), Tag("kind", kind));

    /// <summary>Takes over what was counted.</summary>
    public void Counted(long pending, long dead)
    {
        Interlocked.Exchange(ref _pending, pending);
        Interlocked.Exchange(ref _dead, dead);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
