using System.Collections.Concurrent;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Repository;

/// <summary>
/// Carries out <c>stop</c> and <c>continue</c> in the process that reaches the job. The orders stand in the run's timeline; they are carried out one after the other and each is noted, so that of a stop and a continue the
/// later one holds, and what a crash leaves open is done again at the next look. A signal that was sent and not noted is sent again, which changes nothing.
/// </summary>
internal sealed class HaltOrders(IRunStore store, ExecutionEvents events, BackendCatalog catalog, ServerIdentity server, MonotonicClock clock, ILogger<HaltOrders> logger) : IRunErrands, IDisposable
{
    private const int MostRemembered = 10_000;

    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 32).Select(_ => new SemaphoreSlim(1))];
    private readonly ConcurrentDictionary<long, long> _seen = new();

    /// <inheritdoc/>
    public async Task RunAsync(IReadOnlyList<Run> runs, CancellationToken cancellationToken)
    {
        foreach (var run in runs.Where(r => r.CallbackEvents > 0 && _seen.GetValueOrDefault(r.Id) < r.Version))
        {
            try
            {
                await CarryOutAsync(run, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreUnavailableException e)
            {
                logger.LogDebug("Run {RunId}: its orders could not be looked at: {Reason}", run.Id, e.Message);
            }
        }
    }

    /// <summary>Carries out what is open of a run that this process reaches.</summary>
    public async Task CarryOutAsync(Run run, CancellationToken cancellationToken)
    {
        var turn = _turns[run.Id % _turns.Length];
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) is not { } now)
            {
                return;
            }

            foreach (var order in (await events.OpenOrdersAsync(now, cancellationToken).ConfigureAwait(false)).Where(o => Controls.IsHalt(o.Name)))
            {
                await events.NoteAsync(now, order, await SendAsync(now, order.Name, cancellationToken).ConfigureAwait(false), server.Actor, cancellationToken).ConfigureAwait(false);
            }

            Remember(now);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => Array.ForEach(_turns, t => t.Dispose());

    private void Remember(Run run)
    {
        if (_seen.Count >= MostRemembered)
        {
            _seen.Clear();
        }

        _seen[run.Id] = run.Version;
    }

    private async Task<SignalOutcome> SendAsync(Run run, string name, CancellationToken cancellationToken)
    {
        if (run.Status is not (RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting) || run.BackendKeys is not { } keys)
        {
            return new SignalOutcome(false);
        }

        if (!catalog.TryGet(run.BackendId, out var backend) || backend.Adapter is not ISupportPause pause)
        {
            return new SignalOutcome(false, $"Backend '{run.BackendId}' cannot halt jobs.");
        }

        var outcome = await AskAsync(pause, new BackendRunRef(run.Id, run.Marker, keys), name == Controls.Stop, backend, cancellationToken).ConfigureAwait(false);
        return outcome.Asked
            ? new SignalOutcome(true)
            : await store.FindAsync(run.Id, cancellationToken).ConfigureAwait(false) is { } now && !now.Status.IsFinal() ? new SignalOutcome(false, outcome.Reason) : new SignalOutcome(false);
    }

    private async Task<StopOutcome> AskAsync(ISupportPause pause, BackendRunRef job, bool halt, BackendEntry backend, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(backend.Options.Resilience.Timeout, clock.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await pause.PauseAsync(job, halt, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new StopOutcome(false, "no answer in time");
        }
#pragma warning disable CA1031 // An adapter that throws has a bug; whoever asked is told.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Run {RunId}: the adapter of {BackendId} failed at a halt", job.RunId, backend.Id);
            return new StopOutcome(false, "the adapter failed; see the server's log");
        }
    }
}
