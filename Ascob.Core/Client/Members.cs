using Ascob.Core.Cluster;

namespace Ascob.Core.Client;

/// <summary>A worker as clients see it.</summary>
/// <param name="Name">The name, which is the id of its backend too.</param>
/// <param name="Labels">The labels that route to it.</param>
/// <param name="State"><c>online</c>, <c>draining</c> (about to stop, or held back by an operator), <c>stopped</c> (in order) or <c>away</c> (not heard of within the lease time).</param>
/// <param name="Running">How many jobs it works on.</param>
/// <param name="Capacity">The most at once; null for no limit.</param>
/// <param name="LastSeen">When it was last heard of.</param>
/// <param name="Version">The version of its program.</param>
public sealed record WorkerInfo(
    string Name,
    IReadOnlyDictionary<string, string> Labels,
    string State,
    int Running,
    int? Capacity,
    DateTimeOffset LastSeen,
    string Version);

/// <summary>The known workers, by name.</summary>
/// <param name="Items">The workers.</param>
public sealed record WorkerList(IReadOnlyList<WorkerInfo> Items);

/// <summary>A server as clients see it.</summary>
/// <param name="Name">The name.</param>
/// <param name="State"><c>online</c>, <c>draining</c>, <c>stopped</c> or <c>away</c>.</param>
/// <param name="StartedAt">When this life of it began.</param>
/// <param name="LastSeen">When it was last heard of.</param>
/// <param name="Version">The version of its program.</param>
/// <param name="Answering">Whether this answer comes from it.</param>
public sealed record ServerInfo(string Name, string State, DateTimeOffset StartedAt, DateTimeOffset LastSeen, string Version, bool Answering);

/// <summary>The servers on one database, by name.</summary>
/// <param name="Items">The servers.</param>
public sealed record ServerList(IReadOnlyList<ServerInfo> Items);

/// <summary>The words of <see cref="WorkerInfo.State"/> and <see cref="ServerInfo.State"/>.</summary>
public static class MemberStates
{
    /// <summary>Answers the word.</summary>
    /// <param name="member">The member.</param>
    /// <param name="isThere">Whether it was heard of within the lease time.</param>
    /// <param name="isDrained">Whether an operator holds new runs back.</param>
    public static string Word(Member member, bool isThere, bool isDrained = false)
    {
        ArgumentNullException.ThrowIfNull(member);
        return member.State switch
        {
            MemberState.Stopped => "stopped",
            _ when !isThere => "away",
            MemberState.Draining => "draining",
            _ => isDrained ? "draining" : "online",
        };
    }
}
