using System.Diagnostics.Metrics;
using Ascob.Core.Backends;
using Ascob.Core.Telemetry;

namespace Ascob.Server.Telemetry;

/// <summary>Shows the load and the condition of each backend as figures.</summary>
internal sealed class ActiveRunsGauge : IDisposable
{
    private readonly Meter _meter;

    public ActiveRunsGauge(IMeterFactory meters, BackendCatalog catalog)
    {
        _meter = meters.Create(AscobMetrics.SourceName);
        _meter.CreateObservableGauge("ascob_active_runs", () => Each(catalog, b => b.Condition.Active), "{run}", "Runs that a backend works on, as last counted.");
        _meter.CreateObservableGauge(
            "ascob_backend_circuit_open", () => Each(catalog, b => b.Condition.Circuit == CircuitState.Open ? 1 : 0), null, "1 while no calls go out to a backend.");
        _meter.CreateObservableGauge("ascob_backend_drained", () => Each(catalog, b => b.Condition.Drained ? 1 : 0), null, "1 while an operator holds new runs back.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<int>> Each(BackendCatalog catalog, Func<BackendEntry, int> figure) =>
        catalog.All.Select(b => new Measurement<int>(figure(b), new KeyValuePair<string, object?>("backend", b.Id)));
}
