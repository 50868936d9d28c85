using System.Collections.Concurrent;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>Knows whose sessions are: ours are named by this installation of Ascob and may pass locks among each other, because the database decides which run has them.</summary>
internal sealed class ConsulSessions(ConsulClient client, LockKeeps keeps)
{
    private const int Most = 10_000;
    private const int LongestName = 100;
    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.Ordinal);
    private volatile string? _ours;

    /// <summary>Makes the name of a session of a server of this installation.</summary>
    public async Task<string> OwnNameAsync(string server, CancellationToken cancellationToken) => await OursAsync(cancellationToken) + server;

    /// <summary>Answers the name of this installation.</summary>
    public async Task<string> InstallationAsync(CancellationToken cancellationToken) => (await OursAsync(cancellationToken)).Split(':')[1];

    /// <summary>Notes the name of a session.</summary>
    public void Know(string id, string name)
    {
        if (_names.Count >= Most)
        {
            _names.Clear();
        }

        _names[id] = name;
    }

    /// <summary>Forgets a session that has ended.</summary>
    public void Forget(string id) => _names.TryRemove(id, out _);

    /// <summary>Answers whose session it is; null where Consul does not say.</summary>
    public async Task<ConsulOwner?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var ours = await OursAsync(cancellationToken);
        if (!_names.TryGetValue(id, out var name))
        {
            var found = await client.FindSessionAsync(id, cancellationToken);
            if (!found.IsValue)
            {
                return null;
            }

            if (found.Value is not { } session)
            {
                return new ConsulOwner(false, null, IsGone: true);
            }

            name = session.Name ?? string.Empty;
            Know(id, name);
        }

        return Owner(name, ours);
    }

    /// <summary>Answers whose session it is as far as that is known here; null where it is not.</summary>
    public ConsulOwner? Remembered(string id) => _ours is { } ours && _names.TryGetValue(id, out var name) ? Owner(name, ours) : null;

    /// <summary>Answers whether a session is known to be one of ours, without asking.</summary>
    public bool IsKnownAsOurs(string id) => _ours is { } ours && _names.TryGetValue(id, out var name) && name.StartsWith(ours, StringComparison.Ordinal);

    private static ConsulOwner Owner(string name, string ours)
    {
        var shown = new string([.. name.Take(LongestName).Where(c => !char.IsControl(c))]);
        return new ConsulOwner(name.StartsWith(ours, StringComparison.Ordinal), shown.Length > 0 ? shown : null, IsGone: false);
    }

    private async Task<string> OursAsync(CancellationToken cancellationToken) =>
        _ours ??= $"ascob:{(await keeps.MemoryAsync(cancellationToken)).Installation}:";
}

/// <summary>Whose a session is.</summary>
/// <param name="IsOurs">Whether it belongs to a server of this installation.</param>
/// <param name="Name">Its name; null for none.</param>
/// <param name="IsGone">Whether it has ended.</param>
internal sealed record ConsulOwner(bool IsOurs, string? Name, bool IsGone);
