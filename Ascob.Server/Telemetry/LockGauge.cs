using System.Diagnostics.Metrics;
using Ascob.Core.Locks;
using Ascob.Core.Telemetry;

namespace Ascob.Server.Telemetry;

/// <summary>Shows how many locks are held and wanted, and how their keeper is, as figures.</summary>
internal sealed class LockGauge : IDisposable
{
    private readonly Meter _meter;

    public LockGauge(IMeterFactory meters, LockCondition condition)
    {
        _meter = meters.Create(AscobMetrics.SourceName);
        _meter.CreateObservableGauge("ascob_lock_held", () => condition.Counts.Held, "{lock}", "Locks that runs hold, as last counted.");
        _meter.CreateObservableGauge("ascob_lock_waiting", () => condition.Counts.Waiting, "{request}", "Requests that wait for a lock, as last counted.");
        _meter.CreateObservableGauge("ascob_lock_quarantined", () => condition.Counts.Quarantined, "{lock}", "Locks that runs hold although Consul lost them, as last counted.");
        _meter.CreateObservableGauge(
            "ascob_lock_keeper_up", () => new Measurement<int>(condition.Trouble is null ? 1 : 0, new KeyValuePair<string, object?>("provider", condition.Provider)), null, "1 while locks can be granted.");
    }

    public void Dispose() => _meter.Dispose();
}
