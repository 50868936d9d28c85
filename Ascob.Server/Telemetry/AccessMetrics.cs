using System.Diagnostics.Metrics;
using Ascob.Core.Telemetry;

namespace Ascob.Server.Telemetry;

/// <summary>Counts what happens at the gate.</summary>
internal sealed class AccessMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _refused;

    public AccessMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(AscobMetrics.SourceName);
        _refused = _meter.CreateCounter<long>("ascob_tokens_refused", "{request}", "Requests with a token that is unknown, wrong or expired.");
    }

    public void TokenRefused() => _refused.Add(1);

    public void Dispose() => _meter.Dispose();
}
