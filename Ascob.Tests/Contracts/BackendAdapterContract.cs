using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Tests.Contracts;

/// <summary>What every adapter must keep to, whatever it talks to. An adapter's own suite inherits it and says how a job that ends at once and one that stays look.</summary>
public abstract class BackendAdapterContract
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected abstract IBackendAdapter Adapter { get; }

    /// <summary>A job that ends well soon.</summary>
    protected abstract JobSpec ShortJob { get; }

    /// <summary>A job that stays until it is stopped.</summary>
    protected abstract JobSpec LongJob { get; }

    /// <summary>A job that this backend could never run.</summary>
    protected abstract JobSpec ImpossibleJob { get; }

    [Fact]
    public void Validate_WhenJobIsGood_FindsNothing() => Assert.Empty(Adapter.Validate(ShortJob));

    [Fact]
    public void Validate_WhenJobIsImpossible_NamesFieldsByJsonPath()
    {
        var errors = Adapter.Validate(ImpossibleJob);

        Assert.NotEmpty(errors);
        Assert.All(errors, e => Assert.StartsWith("jobSpec.", e.Field, StringComparison.Ordinal));
        Assert.All(errors, e => Assert.NotEmpty(e.Message));
    }

    [Fact]
    public async Task Submit_WhenJobIsImpossible_IsRejectedWithReason()
    {
        var outcome = await Adapter.SubmitAsync(Job(ImpossibleJob), Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.False(string.IsNullOrWhiteSpace(outcome.Reason));
    }

    [Fact]
    public async Task Health_WhenBackendIsThere_IsGood()
    {
        var health = await Adapter.CheckHealthAsync(Token);

        Assert.True(health.Healthy, health.Reason);
    }

    [Fact]
    public void Capabilities_AreThoseOfTheInterfaces()
    {
        Assert.Equal(Adapter is ISupportStop, Adapter.Capabilities.HasFlag(BackendCapabilities.Stop));
        Assert.Equal(Adapter is ISupportFind, Adapter.Capabilities.HasFlag(BackendCapabilities.Find));
        Assert.Equal(Adapter.ResendIsSafe, Adapter.Capabilities.HasFlag(BackendCapabilities.SafeResend));
    }

    [Fact]
    public async Task Submit_WhenAccepted_IsFollowedToItsGoodEndAndItsOutputComplete()
    {
        var run = await AcceptedAsync(Job(ShortJob));

        var report = await UntilAsync(run, r => r.State is not (BackendState.Queued or BackendState.Running));

        Assert.Equal(BackendState.Succeeded, report.State);
        Assert.Equal(run.Marker, report.Marker);
        if (Adapter is ISupportOutput output)
        {
            var whole = await ReadAsync(output, run, 0, 7);

            // Whoever comes with an offset gets the same bytes at it, however large the pieces are.
            Assert.NotEmpty(whole);
            for (var offset = 0; offset <= whole.Length; offset += Math.Max(1, whole.Length / 5))
            {
                Assert.Equal(whole[offset..], await ReadAsync(output, run, offset, offset % 2 == 0 ? 3 : 64 * 1024));
            }
        }
    }

    [Fact]
    public async Task Find_WhenJobWasSubmitted_AnswersKeysThatFindIt()
    {
        if (Adapter is not ISupportFind finder)
        {
            Assert.Skip("This backend cannot be searched by marker.");
            return;
        }

        var job = Job(ShortJob);
        var accepted = await AcceptedAsync(job);

        var found = await finder.FindAsync(job, Token);
        var missing = await finder.FindAsync(Job(ShortJob), Token);

        Assert.Equal(FindOutcomeKind.Found, found.Kind);
        Assert.Equal(accepted.Keys.OrderBy(k => k.Key), found.Keys!.OrderBy(k => k.Key));
        Assert.Equal(FindOutcomeKind.NotFound, missing.Kind);
        Assert.Null(missing.Keys);
    }

    [Fact]
    public async Task Submit_WhenResendIsSafe_AnswersTheSameJobAgain()
    {
        if (!Adapter.ResendIsSafe)
        {
            Assert.Skip("This backend does not promise it.");
        }

        var job = Job(ShortJob);

        var first = await AcceptedAsync(job);
        var second = await AcceptedAsync(job);

        Assert.Equal(first.Keys, second.Keys);
    }

    [Fact]
    public async Task GetStatuses_WhenAskedForMany_AnswersOneReportForEach()
    {
        if (Adapter is not ISupportStatus status)
        {
            Assert.Skip("This backend's jobs cannot be asked for.");
            return;
        }

        var runs = new List<BackendRunRef> { await AcceptedAsync(Job(ShortJob)), await AcceptedAsync(Job(ShortJob)) };
        var stranger = new BackendRunRef(99, "ascob-" + Guid.NewGuid().ToString("N"), new Dictionary<string, string>());

        var reports = await status.GetStatusesAsync([.. runs, stranger], Token);

        Assert.Equal(runs.Append(stranger).Select(r => r.Marker).Order(), reports.Select(r => r.Marker).Order());
        Assert.Contains(reports.Single(r => r.Marker == stranger.Marker).State, new[] { BackendState.NotFound, BackendState.Unreachable });
    }

    [Theory]
    [InlineData(StopMode.Soft)]
    [InlineData(StopMode.Hard)]
    public async Task Stop_WhenJobRuns_EndsItAborted_AndTwiceDoesNoHarm(StopMode mode)
    {
        if (Adapter is not ISupportStop stop)
        {
            Assert.Skip("This backend cannot stop jobs.");
            return;
        }

        var run = await AcceptedAsync(Job(LongJob));

        Assert.True((await stop.StopAsync(run, mode, Token)).Asked);
        Assert.True((await stop.StopAsync(run, mode, Token)).Asked);
        var report = await UntilAsync(run, r => r.State is not (BackendState.Queued or BackendState.Running));
        Assert.True((await stop.StopAsync(run, mode, Token)).Asked);

        Assert.Equal(BackendState.Aborted, report.State);
    }

    private static async Task<byte[]> ReadAsync(ISupportOutput output, BackendRunRef run, long offset, int piece)
    {
        var bytes = new List<byte>();
        OutputChunk chunk;
        do
        {
            chunk = await output.ReadOutputAsync(run, OutputChannel.Combined, offset, piece, Token);
            Assert.True(chunk.Data.Length <= piece);
            Assert.Equal(offset + chunk.Dropped + chunk.Data.Length, chunk.NextOffset);
            bytes.AddRange(chunk.Data.Span);
            offset = chunk.NextOffset;
        }
        while (!chunk.Complete);
        return [.. bytes];
    }

    /// <summary>Moves time on, where it is not the real one.</summary>
    protected virtual Task PassTimeAsync() => Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);

    protected static BackendJob Job(JobSpec spec) => new()
    {
        RunId = 1,
        Marker = "ascob-" + Guid.NewGuid().ToString("N"),
        Attempt = 1,
        Spec = spec,
        IntentAt = TimeProvider.System.GetUtcNow(),
    };

    protected async Task<BackendRunRef> AcceptedAsync(BackendJob job)
    {
        var outcome = await Adapter.SubmitAsync(job, Token);
        Assert.True(outcome.Kind == SubmitOutcomeKind.Accepted, outcome.Reason);
        return new BackendRunRef(job.RunId, job.Marker, outcome.Keys);
    }

    protected async Task<BackendReport> UntilAsync(BackendRunRef run, Func<BackendReport, bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var report = (await ((ISupportStatus)Adapter).GetStatusesAsync([run], Token)).Single();
            if (condition(report))
            {
                return report;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60), $"still {report.State}: {report.Reason}");
            await PassTimeAsync();
        }
    }
}
