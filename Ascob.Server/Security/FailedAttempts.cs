using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ascob.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Security;

/// <summary>
/// Counts refused tokens by address. An address over the limit gets 429 without its token being looked at, so that nothing can be guessed at speed; tokens that were accepted lately go on being served,
/// so that one wrong client behind a shared address does not shut out the others.
/// </summary>
internal sealed class FailedAttempts(IOptions<SecurityOptions> options, TimeProvider time)
{
    private const int MostAddresses = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<IPAddress, Queue<long>> _byAddress = new();

    /// <summary>Answers how long the address must wait before a token that was not accepted lately is looked at; null where it need not.</summary>
    public TimeSpan? WaitOf(IPAddress? address)
    {
        if (!_byAddress.TryGetValue(Network(address), out var failures))
        {
            return null;
        }

        var now = time.GetTimestamp();
        lock (failures)
        {
            while (failures.TryPeek(out var oldest) && time.GetElapsedTime(oldest, now) >= Window)
            {
                failures.Dequeue();
            }

            return failures.Count >= options.Value.MaxFailuresPerMinute ? Window - time.GetElapsedTime(failures.Peek(), now) : null;
        }
    }

    /// <summary>Notes a refused token; answers how long the address must wait when it is over the limit, else null.</summary>
    public TimeSpan? Note(IPAddress? address)
    {
        var failures = _byAddress.GetOrAdd(Network(address), static _ => new Queue<long>());
        var now = time.GetTimestamp();
        lock (failures)
        {
            while (failures.TryPeek(out var oldest) && time.GetElapsedTime(oldest, now) >= Window)
            {
                failures.Dequeue();
            }

            if (failures.Count >= options.Value.MaxFailuresPerMinute)
            {
                return Window - time.GetElapsedTime(failures.Peek(), now);
            }

            failures.Enqueue(now);
        }

        if (_byAddress.Count > MostAddresses)
        {
            Forget(now);
        }

        return null;
    }

    private void Forget(long now)
    {
        foreach (var (address, failures) in _byAddress)
        {
            lock (failures)
            {
                if (failures.Count == 0 || time.GetElapsedTime(failures.Last(), now) >= Window)
                {
                    _byAddress.TryRemove(address, out _);
                }
            }
        }
    }

    // Whoever has one IPv6 address has a whole /64 of them.
    private static IPAddress Network(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
