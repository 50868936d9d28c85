using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;

namespace Ascob.Tests.Fixtures;

/// <summary>A real product in a container, started when the first test asks for it.</summary>
public abstract class ProductContainer : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private IContainer? _container;
    private string? _missing;
    private bool _ready;

    /// <summary>Gets the address of the product; known after <see cref="EnsureStartedAsync"/>.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Gets the port on which it listens inside.</summary>
    protected abstract ushort Port { get; }

    /// <summary>Starts it and makes its jobs, once; skips the test where there is no Docker engine.</summary>
    public async Task EnsureStartedAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_container is null && _missing is null)
            {
                await StartAsync();
            }

            Assert.SkipWhen(_missing is not null, _missing ?? string.Empty);
            if (!_ready)
            {
                await PrepareAsync();
                _ready = true;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
        {
            await _container.DisposeAsync();
        }

        _gate.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Describes the container; it waits by itself until the product answers.</summary>
    protected abstract IContainer Build();

    /// <summary>Makes what the tests need in the product. A failure here is one of the test, never a reason to skip.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    private async Task StartAsync()
    {
        try
        {
            _container = Build();
            await _container.StartAsync();
            Url = new UriBuilder("http", _container.Hostname, _container.GetMappedPublicPort(Port)).Uri;
        }
        catch (DockerUnavailableException e)
        {
            // Only this is a part that is missing; an engine that cannot start the product is a failure to look at.
            _missing = $"no Docker engine answers: {e.Message.Split('\n')[0]}";
        }
    }
}
