using System.Net;
using System.Net.Sockets;

namespace Ascob.Backends.Notifications;

/// <summary>
/// Which addresses receivers may have. Whoever may make subscriptions could otherwise have the server knock at doors that only it can reach: services of the machine itself, of the house, the cloud's metadata.
/// </summary>
internal sealed class AddressRules
{
    private static readonly IPNetwork[] Inside4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",

            // Public by number, yet the door of a cloud's own services.
            "168.63.129.16/32",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    // Tunnels carry an IPv4 address that nobody here would look at.
    private static readonly IPNetwork[] Inside6 = [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(IPNetwork.Parse)];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private readonly List<IPNetwork> _networks = [];
    private readonly HashSet<string> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads what is allowed besides: host names, addresses and networks.</summary>
    public AddressRules(IEnumerable<string> allowed)
    {
        foreach (var entry in allowed)
        {
            if (IPAddress.TryParse(entry, out var address))
            {
                _networks.Add(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
            }
            else if (IPNetwork.TryParse(entry, out var network))
            {
                _networks.Add(network);
            }
            else
            {
                _hosts.Add(entry.TrimEnd('.'));
            }
        }
    }

    /// <summary>Answers whether this host may be called at this address.</summary>
    public bool Allows(string host, IPAddress address)
    {
        address = Plain(address);
        return _hosts.Contains(host.TrimEnd('.')) || _networks.Exists(n => n.Contains(address)) || !IsInside(address);
    }

    /// <summary>Answers whether an address is not on the open internet.</summary>
    public static bool IsInside(IPAddress address)
    {
        address = Plain(address);
        return address.AddressFamily switch
        {
            AddressFamily.InterNetwork => Array.Exists(Inside4, n => n.Contains(address)),
            AddressFamily.InterNetworkV6 => address.ScopeId != 0 || !GlobalUnicast.Contains(address) || Array.Exists(Inside6, n => n.Contains(address)),
            _ => true,
        };
    }

    // An IPv4 address in other clothes counts as itself.
    private static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 && Nat64.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(12, 4)) : address;
    }
}
