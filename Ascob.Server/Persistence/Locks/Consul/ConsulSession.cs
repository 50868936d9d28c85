using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>
/// The session of this server. It is believed to live for its TTL after the start of the last renewal that succeeded, by our own monotonic clock: Consul may let it live longer, never shorter. When that time is over nothing new is granted;
/// what runs is left alone.
/// </summary>
internal sealed class ConsulSession(
    ConsulClient client, ConsulSessions sessions, IOptions<ConsulOptions> options, IOptions<EngineOptions> engine, MonotonicClock clock, ILogger<ConsulSession> logger) : IDisposable
{
    private static readonly TimeSpan CreatePause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _gate = new(1);
    private volatile Life? _life;
    private long? _failedAt;

    /// <summary>Gets the present session, alive or not; null for none.</summary>
    public string? Id => _life?.Id;

    /// <summary>Gets this server's name.</summary>
    public string Server => engine.Value.ServerName;

    /// <summary>Gets how many sessions this server made.</summary>
    public int Made { get; private set; }

    /// <summary>Answers whether a session is this server's and known to live.</summary>
    public bool IsLive(string id) => _life is { } life && life.Id == id && clock.Time.GetElapsedTime(life.RenewedAt) < options.Value.SessionTtl;

    /// <summary>Answers the session to lock with, made now where there is none; null where none can be had or nobody knows whether it still lives.</summary>
    public async Task<string?> GetAsync(CancellationToken cancellationToken)
    {
        if (_life is { } life)
        {
            return IsLive(life.Id) ? life.Id : null;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _life?.Id ?? await CreateAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Renews the session once, or makes one.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (_life is not { } life)
        {
            await GetAsync(cancellationToken);
            return;
        }

        var begun = clock.Time.GetTimestamp();
        var renewed = await client.RenewSessionAsync(life.Id, cancellationToken);
        if (renewed is { IsValue: true, Value: true })
        {
            life.RenewedAt = begun;
            return;
        }

        if (renewed.IsValue || renewed.Fault == ConsulFault.InvalidSession)
        {
            // For a moment after its restart Consul denies sessions that live. Only what its servers agree on counts.
            var found = await client.FindSessionAsync(life.Id, cancellationToken);
            if (found is { IsValue: true, Value: null })
            {
                Lost(life.Id);
                await GetAsync(cancellationToken);
            }
        }
    }

    /// <summary>Forgets a session that Consul has ended; the next one who needs one makes exactly one.</summary>
    public void Lost(string id)
    {
        var life = _life;
        if (life?.Id == id && Interlocked.CompareExchange(ref _life, null, life) == life)
        {
            sessions.Forget(id);
            logger.LogWarning("Consul has ended the session {Session}; a new one is made", id);
        }
    }

    /// <summary>Ends the session.</summary>
    public async Task DestroyAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _life, null) is { } life)
        {
            await client.DestroySessionAsync(life.Id, cancellationToken);
        }
    }

    /// <summary>Leaves the session to its end, so that what it holds is not free before another server has taken it over.</summary>
    public void Abandon() => _life = null;

    public void Dispose() => _gate.Dispose();

    private async Task<string?> CreateAsync(CancellationToken cancellationToken)
    {
        if (_failedAt is { } failed && clock.Time.GetElapsedTime(failed) < CreatePause)
        {
            return null;
        }

        var begun = clock.Time.GetTimestamp();
        var name = await sessions.OwnNameAsync(Server, cancellationToken);
        var made = await client.CreateSessionAsync(name, cancellationToken);
        if (!made.IsValue || made.Value is not { } id)
        {
            _failedAt = begun;
            return null;
        }

        _failedAt = null;
        Made++;
        sessions.Know(id, name);
        _life = new Life(id) { RenewedAt = begun };
        return id;
    }

    private sealed class Life(string id)
    {
        private long _renewedAt;

        public string Id { get; } = id;

        public long RenewedAt
        {
            get => Volatile.Read(ref _renewedAt);
            set => Volatile.Write(ref _renewedAt, value);
        }
    }
}
