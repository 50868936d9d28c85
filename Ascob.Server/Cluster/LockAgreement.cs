using Ascob.Core.Cluster;
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

    /// <summary>Agrees, or changes the agreement where no other server is there.</summary>
    /// <exception cref="ConfigurationException">Another server that is there keeps locks elsewhere.</exception>
    public async Task CheckAsync(IEnumerable<Member> otherServers, CancellationToken cancellationToken)
    {
        while (true)
        {
            var agreed = await metadata.FindOrAddAsync(Name, Mine, cancellationToken);
            if (agreed == Mine)
            {
                return;
            }

            if (otherServers.FirstOrDefault() is { } other)
            {
                throw new ConfigurationException(
                    $"{Provider}: locks are in {Mine} here, and in {agreed} at server '{other.Name}' on the same database; all servers need the same. To change it, stop all of them first.");
            }

            if (await metadata.TryReplaceAsync(Name, agreed, Mine, cancellationToken))
            {
                return;
            }
        }
    }
}
