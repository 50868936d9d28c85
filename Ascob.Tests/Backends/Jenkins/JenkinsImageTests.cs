using System.Text;
using Ascob.Backends.Jenkins;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Tests.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>The suite of all adapters, and what the pretend Jenkins could be wrong about, against a real one.</summary>
public sealed class JenkinsImageTests(JenkinsImageFixture jenkins) : BackendAdapterContract, IAsyncLifetime
{
    private readonly ServiceProvider _services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).BuildServiceProvider();
    private JenkinsBackendAdapter _adapter = null!;

    protected override IBackendAdapter Adapter => _adapter;

    protected override JobSpec ShortJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "short").WithParameter("GREETING", "from $(Ascob) & co").Build();

    protected override JobSpec LongJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "long").Build();

    protected override JobSpec ImpossibleJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team//short").Build();

    public async ValueTask InitializeAsync()
    {
        await jenkins.EnsureStartedAsync();
        _adapter = NewAdapter(JenkinsImageFixture.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _adapter?.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Output_OfABuild_IsWhatTheJobPrintedWithTheParameterAsItWasGiven()
    {
        var run = await AcceptedAsync(Job(ShortJob));
        await UntilAsync(run, r => r.State == BackendState.Succeeded);

        var chunk = await _adapter.ReadOutputAsync(run, OutputChannel.Combined, 0, 1 << 16, Token);

        Assert.True(chunk.Complete);
        Assert.Contains("\nhello from $(Ascob) & co\n", Encoding.UTF8.GetString(chunk.Data.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenTheJobIsUnknown_IsRejected()
    {
        var outcome = await _adapter.SubmitAsync(Job(JobSpec.Builder("ann").WithLabel("jenkins_project_name", "nowhere").Build()), Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.Rejected, $"{outcome.Kind}: {outcome.Reason}");
    }

    [Fact]
    public async Task Submit_WhenTheTokenIsWrong_IsNotNow()
    {
        using var stranger = NewAdapter("11ffffffffffffffffffffffffffffffff");

        var outcome = await stranger.SubmitAsync(Job(ShortJob), Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.NotNow, $"{outcome.Kind}: {outcome.Reason}");
    }

    protected override Task PassTimeAsync() => Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, Token);

    private JenkinsBackendAdapter NewAdapter(string token)
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal) { ["Url"] = jenkins.Url.AbsoluteUri, ["UserName"] = JenkinsImageFixture.User, ["ApiToken"] = token };
        return (JenkinsBackendAdapter)new JenkinsBackendType().Create(
            new BackendContext("jenkins-image", new BackendOptions { Type = "Jenkins" }, settings.GetValueOrDefault, Path.GetTempPath(), _services));
    }
}
