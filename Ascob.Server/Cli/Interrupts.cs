using System.Runtime.InteropServices;

namespace Ascob.Server.Cli;

/// <summary>Counts Ctrl-C and SIGTERM while a run is watched, instead of ending the process.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly CancellationTokenSource _first = new();
    private readonly CancellationTokenSource _second = new();
    private int _count;

    public Interrupts(bool listen = true)
    {
        if (listen)
        {
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        }
    }

    /// <summary>Gets what is cancelled by the first one: the wish to stop the run.</summary>
    public CancellationToken First => _first.Token;

    /// <summary>Gets what is cancelled by the second one: the wish to leave.</summary>
    public CancellationToken Second => _second.Token;

    /// <summary>Counts one more.</summary>
    public void Raise()
    {
        var source = Interlocked.Increment(ref _count) == 1 ? _first : _second;
        source.Cancel();
    }

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _first.Dispose();
        _second.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Raise();
    }
}
