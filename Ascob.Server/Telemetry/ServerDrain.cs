namespace Ascob.Server.Telemetry;

/// <summary>
/// Whether this server is being left: <c>/healthz/ready</c> says 503, whoever waits for something is answered now and comes back through the load balancer, and connections are closed with the next answer.
/// Everything else is served as before. Begins with the stop of the server at the latest.
/// </summary>
internal sealed class ServerDrain : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenRegistration _stopping;
    private CancellationTokenSource _begun = new();
    private bool _isStopping;

    public ServerDrain(IHostApplicationLifetime lifetime) => _stopping = lifetime.ApplicationStopping.Register(() =>
    {
        lock (_gate)
        {
            _isStopping = true;
        }

        Begin();
    });

    /// <summary>Gets whether it has begun.</summary>
    public bool IsDraining => Begun.IsCancellationRequested;

    /// <summary>Gets what is cancelled when it begins.</summary>
    public CancellationToken Begun
    {
        get
        {
            lock (_gate)
            {
                return _begun.Token;
            }
        }
    }

    /// <summary>Begins; does nothing where it has begun.</summary>
    public void Begin()
    {
        CancellationTokenSource begun;
        lock (_gate)
        {
            begun = _begun;
        }

        begun.Cancel();
    }

    /// <summary>Takes it back: the server gets requests again. A server that stops stays drained.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (!_isStopping && _begun.IsCancellationRequested)
            {
                // The old one is left to those who still hold its token.
                _begun = new CancellationTokenSource();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        lock (_gate)
        {
            _begun.Dispose();
        }
    }
}
