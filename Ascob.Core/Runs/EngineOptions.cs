namespace Ascob.Core.Runs;

/// <summary>How the engine of this server works. Bound to <c>Ascob:Engine</c>.</summary>
public sealed class EngineOptions
{
    /// <summary>Gets or sets the name of this server in leases and events; it must differ between servers that share a database.</summary>
    public string ServerName { get; set; } = Environment.MachineName;

    /// <summary>Gets or sets how long a lease on a run lasts: a server that died is replaced after this time.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets or sets how often the sweeper looks for runs that nobody looks after.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long a run may wait in <c>DEFINED</c> for its start; then it ends <c>ABORTED</c>.</summary>
    public TimeSpan ManualStartDeadline { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Gets or sets how often a run that waits for locks or capacity is tried again when nothing wakes it earlier.</summary>
    public TimeSpan WaitRecheck { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how much waiting one step of priority is worth in the line for a backend: a run of priority 10 stands where one of priority 0 would that came ten times as much earlier.</summary>
    public TimeSpan PriorityStep { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets over how long a backend must say "not found" before a run is given up as lost.</summary>
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets how often this server tells the others on its database that it is there, and looks who else is; null for a fifth of <see cref="Lease"/>.</summary>
    public TimeSpan? Heartbeat { get; set; }

    /// <summary>Gets or sets after which absence a server is no longer listed. Workers stay until an operator forgets them.</summary>
    public TimeSpan ForgetServersAfter { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Gets or sets how long the only process that can reach a job (a worker, or the server whose host runs it) may be away before the run is <c>IN_DOUBT</c>. Its locks stay held.
    /// </summary>
    public TimeSpan VanishedAfter { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Gets or sets the base of callback URLs, such as <c>https://ascob.example</c>; null: no callback URLs are handed out.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Gets or sets the one backend whose runs this process looks after; null for all. Set by a worker, not by people.</summary>
    public string? OnlyBackend { get; set; }

    /// <summary>Gets or sets how many submissions may wait in memory for one backend; what is over it waits in the database.</summary>
    public int MaxQueuedSubmissions { get; set; } = 512;
}
