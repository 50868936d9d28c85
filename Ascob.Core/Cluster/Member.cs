namespace Ascob.Core.Cluster;

/// <summary>A process that shares the database with others: a server, or a worker for shell jobs.</summary>
public sealed record Member
{
    /// <summary>Gets the name; unique among all members.</summary>
    public required string Name { get; init; }

    /// <summary>Gets what it is.</summary>
    public required MemberKind Kind { get; init; }

    /// <summary>Gets this life of it: the owner of its leases (<see cref="Runs.ServerIdentity.LeaseOwner"/>).</summary>
    public required string Instance { get; init; }

    /// <summary>Gets the id of its data directory: a member of the same name on the same directory is its next life, on another it is a stranger.</summary>
    public required string Home { get; init; }

    /// <summary>Gets the state that it last told.</summary>
    public MemberState State { get; init; }

    /// <summary>Gets the labels that route to a worker; empty for a server.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets how many jobs a worker runs at once at most; null for no limit.</summary>
    public int? Capacity { get; init; }

    /// <summary>Gets how many runs it looks after at its own places, as it last told.</summary>
    public int Running { get; init; }

    /// <summary>Gets the places (<see cref="Backends.IBackendAdapter.Place"/>) whose jobs only it can reach.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>Gets the version of its program.</summary>
    public string Version { get; init; } = string.Empty;

    /// <summary>Gets when this life of it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Gets when it was last heard of.</summary>
    public DateTimeOffset LastSeenAt { get; init; }
}

/// <summary>What a <see cref="Member"/> is.</summary>
public enum MemberKind
{
    /// <summary>Serves the API and looks after all runs.</summary>
    Server,

    /// <summary>Runs shell jobs on its machine and looks after these only.</summary>
    Worker,
}

/// <summary>What a <see cref="Member"/> last told of itself.</summary>
public enum MemberState
{
    /// <summary>At work.</summary>
    Online,

    /// <summary>About to stop: takes nothing new.</summary>
    Draining,

    /// <summary>Stopped in order.</summary>
    Stopped,
}
