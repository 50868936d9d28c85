using System.Globalization;
using System.Net;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Baselines;

/// <summary>A baseline in a process of its own, as Ascob is.</summary>
internal static class BaselineServer
{
    public static async Task<(ServerProcess Process, IPEndPoint Address)> StartAsync(string verb, string directory, CancellationToken cancellationToken)
    {
        var port = ServerProcess.FreePort();
        var process = ServerProcess.Start(
            typeof(BaselineServer).Assembly.Location,
            [verb, "--port", port.ToString(CultureInfo.InvariantCulture), "--file", Path.Combine(directory, "baseline.db")],
            new Dictionary<string, string>(StringComparer.Ordinal),
            directory);
        await process.WaitUntilReadyAsync(port, "/ready", cancellationToken);
        return (process, new IPEndPoint(IPAddress.Loopback, port));
    }
}
