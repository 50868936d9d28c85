using System.Globalization;
using System.Security.Cryptography;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>The servers, each with a data directory of its own, on one database.</summary>
internal sealed class ClusterServers : IAsyncDisposable
{
    private readonly AscobServer[] _servers;
    private readonly ServerProcess?[] _processes;

    public ClusterServers(string assembly, WorkFolder folder, string database, string? consul, int count)
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        _servers = [.. Enumerable.Range(1, count).Select(n => new AscobServer(assembly, folder.Child($"server{n}"), database, Settings(n, key, consul)))];
        _processes = new ServerProcess?[count];
    }

    public IReadOnlyList<Uri> Urls => [.. _servers.Select(s => s.Url)];

    /// <summary>Gets how often a server ended by itself.</summary>
    public List<string> Ends { get; } = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < _servers.Length; i++)
        {
            _processes[i] = await _servers[i].StartReadyAsync(cancellationToken);
        }
    }

    /// <summary>Ends one as a power cut would and starts its next life.</summary>
    public async Task<TimeSpan> KillAndStartAsync(int which, CancellationToken cancellationToken)
    {
        var process = _processes[which]!;
        if (process.HasExited)
        {
            Ends.Add(string.Create(CultureInfo.InvariantCulture, $"server {which + 1} ended by itself with code {process.ExitCode}: {process.LastLines(3)}"));
        }
        else
        {
            await process.KillAsync(cancellationToken);
        }

        process.Dispose();
        _processes[which] = _servers[which].Start();
        return await _processes[which]!.WaitUntilReadyAsync(_servers[which].Port, AscobServer.ReadyPath, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.OfType<ServerProcess>())
        {
            await process.TerminateAsync(ChaosSettings.LongestStop, CancellationToken.None);
            process.Dispose();
        }
    }

    private static Dictionary<string, string> Settings(int n, string key, string? consul)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Ascob__ServerName"] = string.Create(CultureInfo.InvariantCulture, $"server-{n}"),
            ["Ascob__Security__EncryptionKey"] = key,
            ["Ascob__Hangfire__Storage"] = "Database",
        };
        if (consul is not null)
        {
            settings["Ascob__Locks__Provider"] = "Consul";
            settings["Ascob__Locks__Consul__Url"] = consul;
        }

        return settings;
    }
}
