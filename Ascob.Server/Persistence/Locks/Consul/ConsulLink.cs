using Ascob.Core.Locks;
using Ascob.Core.Timing;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>How Consul is, as the last calls saw it. While it is away no grant waits for it: the keeper's loops find out when it is back.</summary>
internal sealed class ConsulLink(LockCondition condition, MonotonicClock clock, ILogger<ConsulLink> logger)
{
    private const string Away = "away";
    private const string Rebuilt = "rebuilt";
    private readonly Lock _gate = new();

    /// <summary>Raised when locks may be granted again after a trouble.</summary>
    public event Action? Mended;

    /// <summary>Gets why no lock can be had; null while that is not known to be so.</summary>
    public string? Reason => condition.Trouble?.Reason;

    /// <summary>Gets whether nothing answers.</summary>
    public bool IsAway => condition.Trouble?.Kind == Away;

    /// <summary>Gets whether Consul answers and does not do what locks need, so that only another try tells when it does.</summary>
    public bool IsUnwilling => condition.Trouble is { Kind: not (Away or Rebuilt) };

    /// <summary>Notes that Consul answered something sensible.</summary>
    public void Answered()
    {
        if (IsAway)
        {
            Mend(Away);
        }
    }

    /// <summary>Notes that Consul did as it was told, so that it neither refuses nor denies.</summary>
    public void Obeyed()
    {
        if (condition.Trouble is { Kind: not Rebuilt } trouble)
        {
            Mend(trouble.Kind);
        }
    }

    /// <summary>Notes a failure.</summary>
    public void Failed(ConsulFault fault, string text)
    {
        switch (fault)
        {
            case ConsulFault.Away:
                Set(Away, "Consul does not answer; locks are granted again when it does", text);
                break;
            case ConsulFault.Denied:
                Set("denied", "Consul denies the token of Ascob:Locks:Consul:Token what locks need", text);
                break;
            case ConsulFault.Refused:
                Set("refused", "Consul refuses what locks need; see the log", text);
                break;
            case ConsulFault.InvalidSession:
                break;
        }
    }

    /// <summary>Notes what the database says about Consul's memory: why locks are not granted, or that all is well.</summary>
    public void Remembers(string? rebuilt)
    {
        if (rebuilt is not null)
        {
            Set(Rebuilt, rebuilt, "confirm with POST /api/locks/consul/confirm when the other systems that use these locks are known to be at rest");
        }
        else if (condition.Trouble?.Kind == Rebuilt)
        {
            Mend(Rebuilt);
        }
    }

    private void Set(string kind, string reason, string detail)
    {
        lock (_gate)
        {
            // An operator must act on a lost memory, whatever else happens.
            if (condition.Trouble is { } present && (present.Kind == kind || (present.Kind == Rebuilt && kind != Away)))
            {
                return;
            }

            condition.Trouble = new LockTrouble(kind, reason, clock.Now);
        }

        logger.LogError("No locks are granted: {Reason} ({Detail})", reason, detail);
    }

    private void Mend(string kind)
    {
        lock (_gate)
        {
            if (condition.Trouble?.Kind != kind)
            {
                return;
            }

            condition.Trouble = null;
        }

        logger.LogWarning("Locks are granted again: Consul is no longer {Kind}", kind);
        Mended?.Invoke();
    }
}
