using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Ascob.Bench.Servers;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>The servers and workers, each with a data directory of its own, on one database.</summary>
internal sealed class ClusterServers : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    public ClusterServers(string assembly, WorkFolder folder, string database, string? consul, ClusterSettings settings)
    {
        var common = Common(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), consul);
        Servers = [.. Enumerable.Range(1, settings.Servers).Select(n => new ClusterMember(
            Text($"server-{n}"), new AscobServer(assembly, folder.Child(Text($"server{n}")), database, OfServer(n, common, settings)), hasApi: true))];
        Workers = [.. Enumerable.Range(1, settings.Workers).Select(n => new ClusterMember(
            Text($"worker-{n}"), new AscobServer(assembly, folder.Child(Text($"worker{n}")), database, common, OfWorker(n, settings)), hasApi: false))];
    }

    public IReadOnlyList<ClusterMember> Servers { get; }

    public IReadOnlyList<ClusterMember> Workers { get; }

    public IReadOnlyList<Uri> Urls => [.. Servers.Select(s => s.Url)];

    /// <summary>Gets what was said last by those that ended although nobody ended them.</summary>
    public ConcurrentBag<string> Ends { get; } = [];

    /// <summary>Tells whether this is the directory of a job at the place of that server, from 0.</summary>
    public static bool IsPlaceOf(int server, string directory) => directory.Contains(Text($"/server{server + 1}-"), StringComparison.Ordinal);

    /// <summary>Answers the backend of the job with this directory.</summary>
    public static string BackendOf(string directory) =>
        directory.Split('/').FirstOrDefault(p => p.StartsWith("worker", StringComparison.Ordinal) && p.Contains('-', StringComparison.Ordinal)) is { } worker
            ? "worker-" + worker["worker".Length..worker.IndexOf('-', StringComparison.Ordinal)]
            : "shell";

    /// <summary>Starts all, and waits until every server knows of every worker.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var member in Servers.Concat(Workers))
        {
            await member.StartAsync(cancellationToken);
        }

        if (await MissingAsync(cancellationToken) is { Count: > 0 } missing)
        {
            throw new BenchException(string.Join("; ", missing));
        }
    }

    /// <summary>Answers which members are not online for which server, after a while in which they may come.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(LongestWait);
        var missing = new List<string>();
        foreach (var server in Servers)
        {
            using var client = new BenchClient(server.Url, LongestWait);
            for (var seen = string.Empty; ;)
            {
                try
                {
                    var workers = await client.WorkersAsync(late.Token);
                    var servers = await client.ServersAsync(late.Token);
                    if (Workers.All(w => workers.Any(i => i.Name == w.Name && i.State == "online")) && Servers.All(s => servers.Any(i => i.Name == s.Name && i.State == "online")))
                    {
                        break;
                    }

                    seen = string.Join(", ", workers.Select(w => $"{w.Name} {w.State}").Concat(servers.Select(s => $"{s.Name} {s.State}")));
                    await Task.Delay(TimeSpan.FromMilliseconds(100), late.Token);
                }
                catch (HttpRequestException e) when (!late.IsCancellationRequested)
                {
                    // The database may just have been restarted.
                    seen = e.Message;
                    await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is OperationCanceledException or HttpRequestException)
                {
                    missing.Add($"{server.Name} sees {seen}");
                    break;
                }
            }
        }

        return missing;
    }

    /// <summary>Ends one as a power cut would and starts its next life after a while.</summary>
    public async Task<TimeSpan?> KillAndStartAsync(ClusterMember member, TimeSpan away, CancellationToken cancellationToken)
    {
        if (await member.KillAsync(cancellationToken) is { } end)
        {
            Ends.Add(end);
        }

        await Task.Delay(away, cancellationToken);
        return await member.StartAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Workers.Concat(Servers))
        {
            await member.DisposeAsync();
        }
    }

    private static Dictionary<string, string> Common(string key, string? consul)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
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

    private static Dictionary<string, string> OfServer(int n, Dictionary<string, string> common, ClusterSettings settings)
    {
        var own = new Dictionary<string, string>(common, StringComparer.Ordinal) { ["Ascob__ServerName"] = Text($"server-{n}") };
        if (!settings.Naive)
        {
            own["Ascob__Backends__shell__MaxConcurrentRuns"] = Text($"{ClusterSettings.ShellLimit}");
        }

        return own;
    }

    private static IReadOnlyList<string> OfWorker(int n, ClusterSettings settings) =>
        ["worker", "--name", Text($"worker-{n}"), "--labels", ClusterPlan.WorkerLabels(n), .. settings.Naive ? (string[])[] : ["--capacity", Text($"{ClusterSettings.WorkerCapacity}")]];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
