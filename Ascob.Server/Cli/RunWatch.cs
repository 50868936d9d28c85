using Ascob.Core.Client;
using Ascob.Core.Output;
using Ascob.Core.Runs;

namespace Ascob.Server.Cli;

/// <summary>Follows one run to its end: output to stdout, status to the progress line.</summary>
internal sealed class RunWatch(AscobClient client, ProgressLine progress, TimeProvider time)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Follows until the run is final and its output was read, and answers the exit code.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="interrupts">The first asks for a stop, the second leaves the run alone.</param>
    /// <param name="cancellationToken">Leaves the run alone too.</param>
    public async Task<int> FollowAsync(long runId, Interrupts interrupts, CancellationToken cancellationToken)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, interrupts.Second);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(leave.Token);
        var stopping = StopOnInterruptAsync(runId, interrupts, ended.Token);
        try
        {
            var output = CopyOutputAsync(runId, leave.Token);
            var final = await WatchStatusAsync(runId, leave.Token);
            await output;
            progress.Show(runId, final.Status.ToWire(), final.StatusReason);
            progress.End();
            return RunExitCode.Of(final);
        }
        catch (OperationCanceledException) when (interrupts.Second.IsCancellationRequested)
        {
            progress.Say($"left run {runId}; it goes on");
            return ExitCodes.Interrupted;
        }
        finally
        {
            await ended.CancelAsync();
            await stopping;
        }
    }

    private async Task<RunInfo> WatchStatusAsync(long runId, CancellationToken cancellationToken)
    {
        using var redraw = time.CreateTimer(_ => progress.Redraw(), null, Tick, Tick);
        await foreach (var change in client.EventsAsync(runId, follow: true, cancellationToken))
        {
            if (!change.To.IsFinal())
            {
                progress.Show(runId, change.To.ToWire(), change.Reason);
            }
        }

        return await client.WaitForCompletionAsync(runId, cancellationToken: cancellationToken);
    }

    private async Task CopyOutputAsync(long runId, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var piece in client.FollowOutputAsync(runId, 0, OutputChannel.Combined, cancellationToken))
            {
                progress.Write(piece.Span);
            }
        }
        catch (AscobApiException e) when (e.Status is System.Net.HttpStatusCode.Conflict)
        {
            // The run ended without output: it was never started, or its backend has none to offer.
        }
    }

    private async Task StopOnInterruptAsync(long runId, Interrupts interrupts, CancellationToken ended)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, interrupts.First);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.IsCancellationRequested)
            {
                return;
            }

            progress.Say($"stopping run {runId}; once more Ctrl-C leaves it alone");
            await client.StopAsync(runId, force: false, ended);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The run ended by itself, or the user left.
        }
        catch (AscobApiException e) when (e.Status is System.Net.HttpStatusCode.Conflict)
        {
            progress.Say($"cannot stop run {runId}: {e.Problem?.Detail ?? e.Message}");
        }
    }
}
