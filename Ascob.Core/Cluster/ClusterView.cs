using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Cluster;

/// <summary>
/// What this process knows of the others on its database, a few seconds old at most. Empty where it has the database for itself. It saves work and tells people; that nothing is done twice
/// does not depend on it.
/// </summary>
public sealed class ClusterView(ServerIdentity server, MonotonicClock clock, IOptions<EngineOptions> options)
{
    private volatile Snapshot _now = new([], []);

    /// <summary>Raised after the members were read anew.</summary>
    public event Action? Changed;

    /// <summary>Gets all members, this one included, by name.</summary>
    public IReadOnlyList<Member> Members => _now.Members;

    /// <summary>Gets the workers, by name.</summary>
    public IEnumerable<Member> Workers => _now.Members.Where(m => m.Kind == MemberKind.Worker);

    /// <summary>Gets the places that other members look after, who are there: their runs are left to them.</summary>
    public IReadOnlyList<string> OthersPlaces =>
    [
        .. _now.Members.Where(m => m.Instance != server.LeaseOwner && IsThere(m)).SelectMany(m => m.Places)
            .Except(_now.Members.Where(m => m.Instance == server.LeaseOwner).SelectMany(m => m.Places), StringComparer.Ordinal),
    ];

    /// <summary>
    /// Gets or sets since when this process reads the members without a break. Absences count from there: while the database was away, nobody could be heard of.
    /// </summary>
    public DateTimeOffset WatchingSince { get; set; } = DateTimeOffset.MinValue;

    /// <summary>Answers whether a member is at work or about to stop, and was heard of within the lease time.</summary>
    public bool IsThere(Member member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return member.State != MemberState.Stopped && AbsenceOf(member) < options.Value.Lease;
    }

    /// <summary>Answers how long a member has not been heard of, as far as this process could have heard.</summary>
    public TimeSpan AbsenceOf(Member member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return clock.Now - (member.State != MemberState.Stopped && WatchingSince > member.LastSeenAt ? WatchingSince : member.LastSeenAt);
    }

    /// <summary>Answers the member that looks after a place, there or not; null where nobody is known to.</summary>
    public Member? KeeperOf(string? place) => place is not null && _now.ByPlace.TryGetValue(place, out var keeper) ? keeper : null;

    /// <summary>Answers the member of this name; null for none.</summary>
    public Member? Find(string name) => _now.Members.FirstOrDefault(m => string.Equals(m.Name, name, StringComparison.Ordinal));

    /// <summary>Takes the members over as they were read.</summary>
    public void Update(IReadOnlyList<Member> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        var byPlace = new Dictionary<string, Member>(StringComparer.Ordinal);
        foreach (var member in members)
        {
            foreach (var place in member.Places)
            {
                // A member under a new name leaves the row of its old one behind.
                if (!byPlace.TryGetValue(place, out var known) || known.LastSeenAt <= member.LastSeenAt)
                {
                    byPlace[place] = member;
                }
            }
        }

        _now = new Snapshot([.. members], byPlace);
        Changed?.Invoke();
    }

    private sealed record Snapshot(IReadOnlyList<Member> Members, Dictionary<string, Member> ByPlace);
}
