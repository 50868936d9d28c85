using System.Threading.Channels;
using Ascob.Core.Cluster;
using Ascob.Server.Background;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;

namespace Ascob.Server.Cluster;

/// <summary>
/// Asks other members by Hangfire's queues in the shared storage. What cannot be written there is dropped: the run is due, and found without it.
/// </summary>
internal sealed class HangfireAttention(IBackgroundJobClient client, ILogger<HangfireAttention> logger) : BackgroundService, IAttention
{
    // What waits here is only a hint, so the oldest may go.
    private readonly Channel<(string Queue, long RunId)> _asked = Channel.CreateBounded<(string, long)>(
        new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <inheritdoc/>
    public void Ask(string? memberName, long runId) => _asked.Writer.TryWrite((memberName is null ? MemberQueue.Anybody : MemberQueue.Of(memberName), runId));

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var (queue, runId) in _asked.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await Task.Run(() => client.Create(Job.FromExpression<EngineJobs>(j => j.AttendAsync(runId, CancellationToken.None)), new EnqueuedState(queue)), stoppingToken);
            }
#pragma warning disable CA1031 // Any storage, any fault: the run is found when it is due.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                logger.LogDebug(e, "Nobody could be asked to look at run {RunId}", runId);
            }
        }
    }
}
