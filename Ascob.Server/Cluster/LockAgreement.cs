using Ascob.Server.Configuration;
using Ascob.Server.Persistence;

namespace Ascob.Server.Cluster;

/// <summary>
/// Holds all servers of a database to one place for locks. One that grants by the rows alone would grant what another system holds in Consul, beside servers that respect it.
/// </summary>
internal sealed class LockAgreement(Metadata metadata, IConfiguration configuration)
{
    private const string Name = "locks.provider";
    private const string Provider = "Ascob:Locks:Provider";
    private const string Prefix = "Ascob:Locks:Consul:KeyPrefix";

    private string Mine => "Consul".Equals(configuration[Provider], StringComparison.OrdinalIgnoreCase)
        ? $"Consul below '{configuration[Prefix] ?? Persistence.Locks.Consul.ConsulOptions.DefaultKeyPrefix}'"
        : "Database";

    /// <summary>
    /// Agrees, or changes the agreement where no other server is there. Called before this server enters, so that servers that start together do not stand in each other's way; what was agreed meanwhile is seen by
    /// <see cref="HoldAsync"/>.
    /// </summary>
    /// <param name="findOther">Answers the name of another server that is there; null for none. Asked only where this one wants a change.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <exception cref="ConfigurationException">Another server that is there keeps locks elsewhere.</exception>
    public async Task ReachAsync(Func<Task<string?>> findOther, CancellationToken cancellationToken)
    {
        while (true)
        {
            var agreed = await metadata.FindOrAddAsync(Name, Mine, cancellationToken);
            if (agreed == Mine)
            {
                return;
            }

            // One that has entered meanwhile may have made the same change.
            if (await findOther() is { } other && await metadata.FindOrAddAsync(Name, Mine, cancellationToken) == agreed)
            {
                throw Disagreement(agreed, $" at server '{other}' on the same database");
            }

            // One that enters in this very moment looks at the agreement again at its next heartbeat, and stops.
            if (await metadata.TryReplaceAsync(Name, agreed, Mine, cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>Looks whether the agreement still is what this process wants: after it has entered, and at every heartbeat, for others change it when they believe to be alone. A worker keeps to it and makes none.</summary>
    /// <exception cref="ConfigurationException">Another server has changed it.</exception>
    public async Task HoldAsync(CancellationToken cancellationToken)
    {
        var agreed = await metadata.FindAsync(Name, cancellationToken);
        if (agreed is not null && agreed != Mine)
        {
            throw Disagreement(agreed, " on the same database");
        }
    }

    private ConfigurationException Disagreement(string agreed, string where) => new(
        $"{Provider}: locks are in {Mine} here, and in {agreed}{where}; all servers and workers need the same. To change it, stop all of them first.");
}
