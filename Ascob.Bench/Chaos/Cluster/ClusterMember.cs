using System.Globalization;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>A server or a worker: one life after the other on one data directory.</summary>
internal sealed class ClusterMember(string name, AscobServer program, bool hasApi) : IAsyncDisposable
{
    private ServerProcess? _process;

    public string Name => name;

    public Uri Url => program.Url;

    /// <summary>Gets or sets a value indicating whether a longer disturbance has it, so that nobody else disturbs it.</summary>
    public bool IsTaken { get; set; }

    /// <summary>Starts a life of it; answers the time until it is ready, where that is told.</summary>
    public async Task<TimeSpan?> StartAsync(CancellationToken cancellationToken)
    {
        _process = program.Start();
        return hasApi ? await _process.WaitUntilReadyAsync(program.Port, AscobServer.ReadyPath, cancellationToken) : null;
    }

    /// <summary>Ends it as a power cut would; answers what it said last where it had ended by itself before.</summary>
    public async Task<string?> KillAsync(CancellationToken cancellationToken)
    {
        var process = _process!;
        string? said = null;
        if (process.HasExited)
        {
            said = string.Create(CultureInfo.InvariantCulture, $"{name} ended by itself with code {process.ExitCode}: {process.LastLines(3)}");
        }
        else
        {
            await process.KillAsync(cancellationToken);
        }

        process.Dispose();
        return said;
    }

    /// <summary>Lets it stand still for so long; answers the time until it was ready again.</summary>
    public async Task<TimeSpan> PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        _process!.Pause();
        try
        {
            await Task.Delay(pause, cancellationToken);
        }
        finally
        {
            _process.Resume();
        }

        return await _process.WaitUntilReadyAsync(program.Port, AscobServer.ReadyPath, cancellationToken);
    }

    /// <summary>Answers what it said last where it has ended although nobody ended it.</summary>
    public string? EndedByItself() => _process is { HasExited: true } ended
        ? string.Create(CultureInfo.InvariantCulture, $"{name} ended by itself with code {ended.ExitCode}: {ended.LastLines(3)}")
        : null;

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            await process.TerminateAsync(ChaosSettings.LongestStop, CancellationToken.None);
        }

        _process?.Dispose();
    }
}
