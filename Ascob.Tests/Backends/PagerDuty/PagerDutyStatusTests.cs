using Ascob.Core.Backends;
using Ascob.Demo.PagerDuty;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutyStatusTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private PagerDutyWorld _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await PagerDutyWorld.StartAsync(_time);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Pitfall31_WhenMoreThan25RunsLive_TheListTellsOfTheNewestAndTheRestIsAskedForOneByOne()
    {
        var adapter = _world.OnShared();
        _world.Server.AddAction("FOREVER", "stays", TimeSpan.Zero, null);
        var runs = new List<BackendRunRef>();
        for (var i = 0; i < 40; i++)
        {
            runs.Add(await PagerDutyWorld.AcceptedAsync(adapter, _world.Job(PagerDutyWorld.Invoke("FOREVER"))));
        }

        var before = _world.Server.Requests;
        var reports = await ((ISupportStatus)adapter).GetStatusesAsync(runs, Token);

        Assert.Equal(runs.Select(r => r.Marker), reports.Select(r => r.Marker));
        Assert.All(reports, r => Assert.Equal(BackendState.Running, r.State));
        Assert.Equal(1 + 15, _world.Server.Requests - before);
    }

    [Fact]
    public async Task Statuses_WhenAnOperatorGaveTheInvocationAlone_AreFoundAllTheSame()
    {
        var adapter = _world.OnShared();
        var run = await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        _time.Advance(TimeSpan.FromSeconds(1));

        var report = await PagerDutyWorld.ReportAsync(adapter, run with { Keys = new Dictionary<string, string> { ["invocationId"] = run.Keys["invocationId"] } });

        Assert.Equal((BackendState.Succeeded, "completed", $"https://pretend.pagerduty.com/incidents/{PagerDutyWorld.Shared}"), (report.State, report.Word, report.Url));
    }

    [Theory]
    [InlineData(PretendFault.LoginPage)]
    [InlineData(PretendFault.Truncate)]
    [InlineData(PretendFault.ErrorAfter)]
    [InlineData(PretendFault.Nonsense)]
    [InlineData(PretendFault.Huge)]
    public async Task Guarantee12_GarbageNeverEndsARun(PretendFault fault)
    {
        var adapter = _world.OnShared();
        var run = await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        var second = await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        _world.Server.Fault = _ => fault;

        var one = await Passing(PagerDutyWorld.ReportAsync(adapter, run));
        var many = await Passing(((ISupportStatus)adapter).GetStatusesAsync([run, second], Token));

        Assert.All(many.Append(one), r => Assert.Equal(BackendState.Unreachable, r.State));
        Assert.All(many.Append(one), r => Assert.False(string.IsNullOrWhiteSpace(r.Reason)));
    }

    [Fact]
    public async Task Statuses_WhenOneOfAListHasAnUnheardOfState_TheOthersAreReadAllTheSame()
    {
        var adapter = _world.OnShared();
        var run = await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        var odd = await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        _world.Server.Invocations[1].Forced = (_time.GetUtcNow(), "teleported");
        _time.Advance(TimeSpan.FromSeconds(1));

        var reports = await ((ISupportStatus)adapter).GetStatusesAsync([run, odd], Token);

        Assert.Equal([BackendState.Succeeded, BackendState.Unreachable], reports.Select(r => r.State));
        Assert.Contains("'teleported'", reports[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guarantee13_WhenPagerDutyItselfSaysNotFound_IsASightingAndNoCertainty()
    {
        var stranger = new BackendRunRef(1, "m", new Dictionary<string, string> { ["invocationId"] = "01GONE" });

        var report = await PagerDutyWorld.ReportAsync(_world.OnShared(), stranger);

        Assert.Equal((BackendState.NotFound, false), (report.State, report.Certain));
    }

    [Fact]
    public async Task Pitfall35_AnInvocationInStateUnknown_StaysAsItWasAndIsGivenUpAfterItsPatience()
    {
        var adapter = _world.OnShared(("UnknownPatience", "00:10:00"));
        _world.Server.AddAction("FOREVER", "stays", TimeSpan.Zero, null);
        var run = await PagerDutyWorld.AcceptedAsync(adapter, _world.Job(PagerDutyWorld.Invoke("FOREVER")));
        _time.Advance(TimeSpan.FromMinutes(1));
        _world.Server.Invocations[0].Forced = (_time.GetUtcNow(), "unknown");

        var at = await PagerDutyWorld.ReportAsync(adapter, run);
        _time.Advance(TimeSpan.FromMinutes(10));
        var later = await PagerDutyWorld.ReportAsync(adapter, run);

        Assert.Equal((BackendState.Running, "unknown"), (at.State, at.Word));
        Assert.Equal((BackendState.NotFound, true), (later.State, later.Certain));
    }

    [Theory]
    [InlineData("00:00:00", 0, BackendState.Succeeded)]
    [InlineData("00:05:00", 4, BackendState.Queued)]
    [InlineData("00:05:00", 5, BackendState.Succeeded)]
    [InlineData("", 59, BackendState.Queued)]
    [InlineData("", 60, BackendState.NotFound)]
    public async Task Workflow_OfWhichPagerDutyTellsNoEnd_EndsAsTheSettingsSay(string succeedsAfter, int minutes, BackendState expected)
    {
        var adapter = _world.OnShared(("WorkflowSucceedsAfter", succeedsAfter));
        var run = await PagerDutyWorld.AcceptedAsync(adapter, _world.Job(PagerDutyWorld.Spec(("pagerduty_workflow_id", "WORKFLOW1"))));
        _time.Advance(TimeSpan.FromMinutes(minutes));

        var report = await PagerDutyWorld.ReportAsync(adapter, run);

        Assert.Equal((expected, expected == BackendState.NotFound), (report.State, report.Certain));
        Assert.False(string.IsNullOrWhiteSpace(report.Reason));
    }

    // The pauses between repeated reads pass at once.
    private async Task<T> Passing<T>(Task<T> reading)
    {
        while (await Task.WhenAny(reading, Task.Delay(5, Token)) != reading)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        return await reading;
    }
}
