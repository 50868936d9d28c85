using System.Globalization;
using Ascob.Backends.Jenkins;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Demo.Jenkins;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>The real engine against a Jenkins whose line is bad: every job starts exactly once. <c>ASCOB_ONCE_SUBMISSIONS</c> says how many, <c>ASCOB_ONCE_SEED</c> which faults.</summary>
public sealed class JenkinsOnceTests
{
    private const int Jobs = 5;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee06_08_09_WhenAnswersAreLostDelayedDoubledAndGarbled_EveryJobStartsExactlyOnce()
    {
        var figures = await RunAsync(Setting("ASCOB_ONCE_SUBMISSIONS", 300), a => a);

        Assert.Equal((0, 0), (figures.Doubled, figures.Lost));
        Assert.Equal(figures.Submissions, figures.Started);
        Assert.True(figures.Doubts > figures.Submissions / 10, $"only {figures.Doubts} were in doubt");
    }

    // So the test above can fail.
    [Fact]
    public async Task Calibration_WhenADoubtIsTakenForANo_TheCountSeesDoubledJobs()
    {
        var figures = await RunAsync(60, a => new BlindAdapter(a));

        Assert.True(figures.Doubled > 0);
    }

    private static async Task<Figures> RunAsync(int count, Func<IBackendAdapter, IBackendAdapter> wrap)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        await using var jenkins = new PretendJenkins(time);
        for (var i = 0; i < Jobs; i++)
        {
            jenkins.AddMarked($"team/app{i}").RunTime = TimeSpan.FromSeconds(3);
        }

        await jenkins.StartAsync(cancellationToken: Token);
        var plan = new JenkinsFaultPlan(jenkins, Setting("ASCOB_ONCE_SEED", 20260101));
        jenkins.Before = plan.ApplyAsync;
        await using var services = new ServiceCollection().AddSingleton(TimeProvider.System).BuildServiceProvider();
        await using var world = await TestWorld.StartAsync(configure: c => c.AddSingleton(p => new BackendCatalog([Entry(jenkins, services, p.GetRequiredService<TimeProvider>(), wrap)])));

        var ids = new List<long>();
        await using (new Pump(() =>
        {
            time.Advance(Tick);
            world.Time.Advance(Tick);
        }))
        {
            for (var i = 0; i < count; i++)
            {
                ids.Add((await world.SubmitAsync(Spec(i), untilSent: false)).Id);
                if (i % 20 == 19)
                {
                    await LookAsync(world);
                }
            }

            await UntilAllEndedAsync(world, ids);
        }

        return await CountAsync(world, jenkins, plan, ids);
    }

    private static JobSpec Spec(int number) => JobSpec.Builder("ann").WithLabel("jenkins_project_name", string.Create(CultureInfo.InvariantCulture, $"team/app{number % Jobs}")).Build();

    private static BackendEntry Entry(PretendJenkins jenkins, IServiceProvider services, TimeProvider clock, Func<IBackendAdapter, IBackendAdapter> wrap)
    {
        var options = new BackendOptions { Type = "Jenkins", SubmitDeadline = TimeSpan.FromHours(10), DoubtWait = TimeSpan.FromMinutes(1) };
        (options.Resilience.Timeout, options.Resilience.FailuresBeforeBreak) = (TimeSpan.FromSeconds(15), 1000);
        (options.Poll.Initial, options.Poll.Max) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        var settings = new Dictionary<string, string?> { ["Url"] = jenkins.Url.AbsoluteUri, ["UserName"] = PretendJenkins.User, ["ApiToken"] = PretendJenkins.Token };
        var type = new JenkinsBackendType();
        var adapter = wrap(type.Create(new BackendContext("jenkins-main", options, settings.GetValueOrDefault, "/", services)));
        return new BackendEntry("jenkins-main", type, options, adapter, new BackendCondition(options.Resilience, clock));
    }

    private static async Task LookAsync(TestWorld world)
    {
        await world.Get<Sweeper>().SweepAsync(Token);
        await world.Get<RunFollower>().FollowDueAsync(world.Entry, Token);
    }

    private static async Task UntilAllEndedAsync(TestWorld world, List<long> ids)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(5));
        foreach (var id in ids)
        {
            while (!(await world.RunAsync(id)).Status.IsFinal())
            {
                limit.Token.ThrowIfCancellationRequested();
                await LookAsync(world);
                await Task.Delay(5, limit.Token);
            }
        }
    }

    private static async Task<Figures> CountAsync(TestWorld world, PretendJenkins jenkins, JenkinsFaultPlan plan, List<long> ids)
    {
        var started = jenkins.Started;
        int doubts = 0, lost = 0, doubled = 0;
        foreach (var id in ids)
        {
            var run = await world.RunAsync(id);
            doubts += (await world.EventsAsync(id)).Any(e => e.To == RunStatus.InDoubt) ? 1 : 0;
            var times = started.GetValueOrDefault(run.Marker);
            lost += times == 0 || run.Status != RunStatus.Succeeded ? 1 : 0;
            doubled += times > 1 ? 1 : 0;
        }

        var faults = string.Join(", ", plan.Faults.OrderBy(f => f.Key).Select(f => $"{f.Key} {f.Value}"));
        var text = $"{ids.Count} submissions to Jenkins: {started.Count} started, {doubled} doubled, {lost} lost, {doubts} were in doubt; {jenkins.RequestsTo("POST")} sent; faults: {faults}";
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        TestContext.Current.SendDiagnosticMessage(text);
        return new Figures(ids.Count, started.Count, doubled, lost, doubts);
    }

    private static int Setting(string name, int preset) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : preset;

    private sealed record Figures(int Submissions, int Started, int Doubled, int Lost, int Doubts);

    /// <summary>Believes at once that what it has no answer of was not started.</summary>
    private sealed class BlindAdapter(IBackendAdapter inner) : IBackendAdapter, ISupportFind, ISupportStatus
    {
        public string BackendId => inner.BackendId;

        public bool ResendIsSafe => inner.ResendIsSafe;

        public IReadOnlyList<FieldError> Validate(JobSpec spec) => inner.Validate(spec);

        public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => inner.SubmitAsync(job, cancellationToken);

        public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => inner.CheckHealthAsync(cancellationToken);

        public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(new FindOutcome(FindOutcomeKind.NotFound) { Certain = true });

        public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) =>
            ((ISupportStatus)inner).GetStatusesAsync(runs, cancellationToken);
    }

    /// <summary>Lets time pass, some twenty times as fast as it does.</summary>
    private sealed class Pump : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _loop;

        public Pump(Action tick) => _loop = Task.Run(async () =>
        {
            while (!_stopping.IsCancellationRequested)
            {
                tick();
                await Task.Delay(2, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        });

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _loop;
            _stopping.Dispose();
        }
    }
}
