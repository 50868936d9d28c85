using System.Globalization;
using Ascob.Backends.Shell;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;

namespace Ascob.Server.Cluster;

/// <summary>Makes the backends of the workers that this server knows, so that jobs are routed to them like to any other.</summary>
internal sealed class WorkerBackends(ClusterView cluster, BackendCatalog catalog, TimeProvider time, ILogger<WorkerBackends> logger) : IHostedService
{
    private readonly Dictionary<string, (BackendEntry Entry, Member Member)> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly ShellBackendType _type = new();

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        cluster.Changed += Update;
        Update();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        cluster.Changed -= Update;
        return Task.CompletedTask;
    }

    private void Update()
    {
        lock (_gate)
        {
            var workers = cluster.Workers.ToList();
            foreach (var worker in workers)
            {
                if (!_known.TryGetValue(worker.Name, out var known) || !IsSame(known.Member, worker))
                {
                    known.Entry = Create(worker, known.Entry?.Condition);
                    WarnOfTwins(worker);
                }

                known.Entry.Condition.Away = AwayText(worker);
                _known[worker.Name] = (known.Entry, worker);
            }

            foreach (var gone in _known.Keys.Except(workers.Select(w => w.Name), StringComparer.Ordinal).ToList())
            {
                _known.Remove(gone);
            }

            catalog.SetWorkers(_known.Values.Select(k => k.Entry));
        }
    }

    private BackendEntry Create(Member worker, BackendCondition? condition)
    {
        var options = new BackendOptions
        {
            Type = _type.Name,
            Labels = new Dictionary<string, string>(worker.Labels, StringComparer.Ordinal),
            MaxConcurrentRuns = worker.Capacity,
        };
        return new BackendEntry(worker.Name, _type, options, ShellBackendType.OfWorker(worker.Name), condition ?? new BackendCondition(options.Resilience, time)) { Worker = worker.Name };
    }

    private void WarnOfTwins(Member worker)
    {
        if (catalog.Served.Any(b => b.Id == worker.Name) && _refused.Add(worker.Name))
        {
            logger.LogError("Worker {Worker} gets no jobs: a backend of that name is configured here; give the worker another name", worker.Name);
        }
    }

    private static bool IsSame(Member one, Member other) =>
        one.Capacity == other.Capacity && one.Labels.Count == other.Labels.Count && one.Labels.All(l => other.Labels.TryGetValue(l.Key, out var value) && value == l.Value);

    private string? AwayText(Member worker) => cluster.IsThere(worker)
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"worker '{worker.Name}' {(worker.State == MemberState.Stopped ? "stopped" : "was last seen")} at {worker.LastSeenAt:yyyy-MM-dd'T'HH:mm:ss'Z'}");
}
