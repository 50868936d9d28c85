using System.Text;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Tests.Contracts;

namespace Ascob.Tests.Backends.Rundeck;

/// <summary>The suite of all adapters, and what the pretend Rundeck could be wrong about, against a real one.</summary>
public sealed class RundeckImageTests(RundeckImageFixture rundeck) : BackendAdapterContract, IAsyncLifetime
{
    private IBackendAdapter _adapter = null!;

    protected override IBackendAdapter Adapter => _adapter;

    protected override JobSpec ShortJob => JobSpec.Builder("ann").WithLabel("rundeck_job_id", RundeckImageFixture.ShortJob).WithParameter("GREETING", "from $(Ascob) & co").Build();

    protected override JobSpec LongJob => JobSpec.Builder("ann").WithLabel("rundeck_project_name", RundeckImageFixture.Project).WithLabel("rundeck_job_group", "team").WithLabel("rundeck_job_name", "long").Build();

    protected override JobSpec ImpossibleJob => JobSpec.Builder("ann").WithLabel("rundeck_job_name", "short").Build();

    public async ValueTask InitializeAsync()
    {
        await rundeck.EnsureStartedAsync();
        _adapter = RundeckWorld.MakeAdapter(rundeck.Url, rundeck.AuthToken);
    }

    public ValueTask DisposeAsync()
    {
        (_adapter as IDisposable)?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Output_OfAnExecution_IsWhatTheJobPrintedWithTheOptionAsItWasGiven()
    {
        var run = await AcceptedAsync(Job(ShortJob));
        await UntilAsync(run, r => r.State == BackendState.Succeeded);

        var chunk = await ((ISupportOutput)_adapter).ReadOutputAsync(run, OutputChannel.Combined, 0, 1 << 16, Token);

        Assert.Contains("hello from $(Ascob) & co\n", Encoding.UTF8.GetString(chunk.Data.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenTheJobIsUnknown_IsRejected()
    {
        var outcome = await _adapter.SubmitAsync(Job(JobSpec.Builder("ann").WithLabel("rundeck_job_id", "11111111-0000-4000-8000-00000000ffff").Build()), Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.Rejected, $"{outcome.Kind}: {outcome.Reason}");
    }

    [Fact]
    public async Task Submit_WhenTheTokenIsWrong_IsNotNow()
    {
        var stranger = RundeckWorld.MakeAdapter(rundeck.Url, "not-the-token");

        var outcome = await stranger.SubmitAsync(Job(ShortJob), Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.NotNow, $"{outcome.Kind}: {outcome.Reason}");
    }

    protected override Task PassTimeAsync() => Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, Token);
}
