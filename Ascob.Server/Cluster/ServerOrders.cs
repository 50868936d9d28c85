using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Server.Telemetry;

namespace Ascob.Server.Cluster;

/// <summary>
/// Carries out what operators order of this server, at whatever server they do so. The orders lie beside those about backends, whose ids hold no colon.
/// </summary>
internal sealed class ServerOrders(IBackendStateStore states, ServerDrain drain, ServerIdentity server)
{
    private const string Prefix = "server:";
    private bool _drained;

    /// <summary>Orders a server to be left by its load balancer, or takes that back; it is carried out within a heartbeat.</summary>
    public Task OrderAsync(string name, bool drained, CancellationToken cancellationToken) => states.SetDrainedAsync(Key(name), drained, cancellationToken);

    /// <summary>Answers the names of the servers that are to be left.</summary>
    public async Task<IReadOnlySet<string>> DrainedAsync(CancellationToken cancellationToken) =>
        (await states.GetDrainedAsync(cancellationToken)).Where(k => k.StartsWith(Prefix, StringComparison.Ordinal)).Select(k => k[Prefix.Length..]).ToHashSet(StringComparer.Ordinal);

    /// <summary>Does what is ordered of this server.</summary>
    public async Task CarryOutAsync(CancellationToken cancellationToken)
    {
        var wanted = (await states.GetDrainedAsync(cancellationToken)).Contains(Key(server.Name));
        if (wanted && !_drained)
        {
            drain.Begin();
        }
        else if (!wanted && _drained)
        {
            drain.End();
        }

        _drained = wanted;
    }

    private static string Key(string name) => Prefix + name;
}
