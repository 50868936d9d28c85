using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Cluster;

/// <summary>
/// Enters this process among those that share the database, tells them regularly that it is there, and learns who else is. What a member held that is gone is given back for the others to take up.
/// </summary>
internal sealed class Membership(
    IMemberStore store,
    IRunStore runs,
    ClusterView view,
    BackendCatalog catalog,
    ServerIdentity server,
    MonotonicClock clock,
    IOptions<AscobOptions> ascob,
    IOptions<EngineOptions> engine,
    IHostApplicationLifetime lifetime,
    IEnumerable<ServerOrders> orders,
    LockAgreement agreement,
    StartPatience patience,
    ILogger<Membership> logger) : BackgroundService
{
    private readonly HashSet<string> _givenBack = new(StringComparer.Ordinal);
    private string _home = string.Empty;
    private DateTimeOffset _lastBeat;

    private TimeSpan Away => engine.Value.Lease;

    private TimeSpan Heartbeat => engine.Value.Heartbeat ?? Away / 5;

    private bool IsWorker => engine.Value.OnlyBackend is not null;

    /// <inheritdoc/>
    /// <exception cref="ConfigurationException">The name belongs to another member that is there, or other servers keep locks elsewhere.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _home = Home.Of(ascob.Value.AbsoluteDataDirectory);
        await patience.RunAsync(EnterAsync, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        await RefuseCopyAsync(cancellationToken);
        if (!IsWorker)
        {
            await agreement.ReachAsync(() => FindOtherServerAsync(cancellationToken), cancellationToken);
        }

        var registration = await store.RegisterAsync(Me(), clock.Now - Away, cancellationToken);
        if (registration.IsRefused)
        {
            throw new ConfigurationException(Refusal(registration.Before!));
        }

        if (registration.Before is { } before && before.Instance != server.LeaseOwner)
        {
            await GiveBackAsync(before, cancellationToken);
        }

        Home.Remember(ascob.Value.AbsoluteDataDirectory, server.LeaseOwner);
        view.WatchingSince = _lastBeat = clock.Now;
        try
        {
            // Who started at the same moment was not there to be seen before.
            await LearnAsync(cancellationToken);
        }
        catch (ConfigurationException)
        {
            await store.BeatAsync(Me() with { State = MemberState.Stopped, Running = 0 }, CancellationToken.None);
            throw;
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await store.BeatAsync(Me() with { State = MemberState.Stopped, Running = 0 }, CancellationToken.None);
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("The others could not be told that this one stops: {Reason}", e.Message);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = lifetime.ApplicationStopping.Register(() => _ = TellAsync(CancellationToken.None));
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Heartbeat, clock.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stoppingToken.IsCancellationRequested)
            {
                await TellAsync(stoppingToken);
            }
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        try
        {
            var begun = clock.Now;
            if (!await store.BeatAsync(Me(), cancellationToken) && !await EnterAgainAsync(cancellationToken))
            {
                return;
            }

            if (begun - _lastBeat > Away / 2)
            {
                // The database, or this process, was away: the others had no chance to be heard, and this one may have been taken for gone.
                view.WatchingSince = clock.Now;
            }

            _lastBeat = clock.Now;
            await LearnAsync(cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("The others on this database could not be told that this one is there: {Reason}", e.Message);
        }
        catch (ConfigurationException e)
        {
            logger.LogCritical("This process stops: {Reason}", e.Message);
            lifetime.StopApplication();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The process stops.
        }
#pragma warning disable CA1031 // A row that a newer version wrote, or a listener's bug, must not end the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "The others on this database could not be looked at");
        }
    }

    // The row is gone (an operator forgot it), or somebody took the name: a stranger while this process stood still for longer than the lease time, or a process on a copy of this one's directory.
    private async Task<bool> EnterAgainAsync(CancellationToken cancellationToken)
    {
        var other = (await store.ListAsync(cancellationToken)).FirstOrDefault(m => m.Name == engine.Value.ServerName);
        if (other is not null && other.Instance != server.LeaseOwner && view.IsThere(other))
        {
            logger.LogCritical("This process stops: {Reason}", Refusal(other));
            lifetime.StopApplication();
            return false;
        }

        var registration = await store.RegisterAsync(Me(), clock.Now - Away, cancellationToken);
        if (!registration.IsRefused)
        {
            return true;
        }

        logger.LogCritical("This process stops: {Reason}", Refusal(registration.Before!));
        lifetime.StopApplication();
        return false;
    }

    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        var members = await store.ListAsync(cancellationToken);
        await agreement.HoldAsync(cancellationToken);
        RefuseTwin(members);
        view.Update(members);
        foreach (var order in orders)
        {
            // A worker has none: its backend is drained like any other.
            await order.CarryOutAsync(cancellationToken);
        }

        foreach (var old in members.Where(m => !IsWorker && m.Kind == MemberKind.Server && m.Instance != server.LeaseOwner && clock.Now - m.LastSeenAt > engine.Value.ForgetServersAfter))
        {
            await store.ForgetAsync(old.Name, old.Instance, cancellationToken);
        }

        foreach (var gone in members.Where(m => m.Instance != server.LeaseOwner && !view.IsThere(m) && !_givenBack.Contains(m.Instance)))
        {
            await GiveBackAsync(gone, cancellationToken);
        }

        // Whoever is there again may go again.
        _givenBack.RemoveWhere(i => !members.Any(m => m.Instance == i) || members.Any(m => m.Instance == i && view.IsThere(m)));
    }

    private async Task GiveBackAsync(Member gone, CancellationToken cancellationToken)
    {
        await runs.ReleaseLeasesAsync(gone.Instance, cancellationToken);
        if (_givenBack.Add(gone.Instance) && gone.State != MemberState.Stopped)
        {
            logger.LogInformation("{Member} was last seen at {LastSeen}; the runs that it had in hand are taken up by others", gone.Name, gone.LastSeenAt);
        }
    }

    // Two processes that take the same jobs for theirs would each believe the other's ended.
    private async Task RefuseCopyAsync(CancellationToken cancellationToken)
    {
        var directory = ascob.Value.AbsoluteDataDirectory;
        var mine = Me().Places;
        var other = await FindLivingAsync(
            m => m.Instance != server.LeaseOwner
                && (m.Name == engine.Value.ServerName ? m.Home == _home && !Home.IsTheOneBefore(directory, m.Instance) : m.Places.Intersect(mine, StringComparer.Ordinal).Any()),
            cancellationToken);
        if (other is not null)
        {
            throw new ConfigurationException(IsACopy(other));
        }
    }

    // Looked at all the time: copies that start at the same moment do not see each other at first.
    private void RefuseTwin(IReadOnlyList<Member> members)
    {
        if (TwinOf(members) is { } twin)
        {
            throw new ConfigurationException(IsACopy(twin));
        }
    }

    // Of two copies the one stays that was there first.
    private Member? TwinOf(IReadOnlyList<Member> members)
    {
        var me = Me();
        return members.FirstOrDefault(m =>
            m.Instance != me.Instance
            && m.State != MemberState.Stopped

            // Heard of for certain: one whose absence does not count only because this process has just begun to listen may be the name before.
            && me.LastSeenAt - m.LastSeenAt < Away
            && m.Places.Intersect(me.Places, StringComparer.Ordinal).Any()
            && (m.StartedAt, m.Name).CompareTo((me.StartedAt, me.Name)) < 0);
    }

    private string IsACopy(Member other) =>
        $"Ascob:DataDirectory '{ascob.Value.AbsoluteDataDirectory}' is a copy of the one that {other.Kind.ToString().ToLowerInvariant()} '{other.Name}' uses on the same database; "
        + "start with a directory of its own, or without 'home.id', 'home.life' and the folder 'shell' in the copy.";

    private async Task<string?> FindOtherServerAsync(CancellationToken cancellationToken) =>
        (await FindLivingAsync(m => m.Kind == MemberKind.Server && m.Name != engine.Value.ServerName, cancellationToken))?.Name;

    // A row may be that of a process killed a moment ago: it lives if it is heard of again before the lease time is over.
    private async Task<Member?> FindLivingAsync(Func<Member, bool> matters, CancellationToken cancellationToken)
    {
        var first = (await store.ListAsync(cancellationToken)).Where(m => matters(m) && view.IsThere(m)).ToDictionary(m => m.Name, StringComparer.Ordinal);
        while (first.Count > 0)
        {
            await Task.Delay(Heartbeat / 2, clock.Time, cancellationToken);
            foreach (var now in (await store.ListAsync(cancellationToken)).Where(m => matters(m) && view.IsThere(m)))
            {
                if (!first.TryGetValue(now.Name, out var before) || before.Instance != now.Instance || now.LastSeenAt > before.LastSeenAt)
                {
                    return now;
                }
            }

            foreach (var gone in first.Values.Where(m => !view.IsThere(m)).ToList())
            {
                first.Remove(gone.Name);
            }
        }

        return null;
    }

    private Member Me() => new()
    {
        Name = engine.Value.ServerName,
        Kind = IsWorker ? MemberKind.Worker : MemberKind.Server,
        Instance = server.LeaseOwner,
        Home = _home,
        State = lifetime.ApplicationStopping.IsCancellationRequested ? MemberState.Draining : MemberState.Online,
        Labels = IsWorker ? catalog.Served[0].Options.Labels : new Dictionary<string, string>(),
        Capacity = IsWorker ? catalog.Served[0].Options.MaxConcurrentRuns : null,
        Running = IsWorker ? catalog.Served[0].Condition.Active : 0,
        Places = [.. catalog.Served.Select(b => b.Adapter.Place).OfType<string>().Distinct(StringComparer.Ordinal)],
        Version = server.Version,
        StartedAt = clock.StartedAt,
        LastSeenAt = clock.Now,
    };

    private string Refusal(Member other) =>
        $"{(IsWorker ? "--name" : "Ascob:ServerName")} '{other.Name}' belongs to another {other.Kind.ToString().ToLowerInvariant()} on this database, last seen at {other.LastSeenAt:yyyy-MM-dd'T'HH:mm:ss'Z'}; "
        + "each needs a name of its own.";
}
