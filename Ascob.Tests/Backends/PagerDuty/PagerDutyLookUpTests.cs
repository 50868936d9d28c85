using Ascob.Core.Backends;
using Ascob.Demo.PagerDuty;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutyLookUpTests : IAsyncLifetime
{
    private const string Invocations = "POST /automation_actions/actions/";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private PagerDutyWorld _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await PagerDutyWorld.StartAsync(_time);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Find_OnTheRunsOwnIncident_AdoptsTheInvocationWhoseAnswerWasLost()
    {
        var adapter = _world.Own();
        var job = _world.Job();
        _world.Next(Invocations, PretendFault.DropAfter);
        await adapter.SubmitAsync(job, Token);

        var found = await PagerDutyWorld.FindAsync(adapter, job);

        Assert.Equal(FindOutcomeKind.Found, found.Kind);
        Assert.Equal(Assert.Single(_world.Server.Invocations).Id, found.Keys!["invocationId"]);
        Assert.Equal("true", found.Keys["ownIncident"]);
    }

    [Fact]
    public async Task Find_OnTheRunsOwnIncident_WhenNothingWasInvoked_SaysSoWithoutCertainty()
    {
        var adapter = _world.Own();
        var job = _world.Job();
        _world.Next(Invocations, PretendFault.DropBefore);
        await adapter.SubmitAsync(job, Token);

        var found = await PagerDutyWorld.FindAsync(adapter, job);

        Assert.Equal((FindOutcomeKind.NotFound, false), (found.Kind, found.Certain));
    }

    [Theory]
    [InlineData("GET /incidents", PretendFault.LoginPage)]
    [InlineData("GET /incidents", PretendFault.Nonsense)]
    [InlineData("GET /automation_actions/invocations", PretendFault.Huge)]
    [InlineData("GET /automation_actions/invocations", PretendFault.ErrorAfter)]
    [InlineData("GET /automation_actions/invocations", PretendFault.TooMany)]
    public async Task Find_WhenTheLookUpItselfFails_NothingIsKnown(string request, PretendFault fault)
    {
        var adapter = _world.Own();
        var job = _world.Job();
        await PagerDutyWorld.AcceptedAsync(adapter, job);
        _world.Server.Fault = r => r.StartsWith(request, StringComparison.Ordinal) ? fault : PretendFault.None;

        var found = await PagerDutyWorld.FindAsync(adapter, job);

        Assert.Equal(FindOutcomeKind.Failed, found.Kind);
        Assert.False(string.IsNullOrWhiteSpace(found.Reason));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Find_OnASharedIncident_NeverBelievesAnything_AndNamesWhatItSaw(int others)
    {
        var adapter = _world.OnShared();
        var job = _world.Job();
        for (var i = 0; i < others; i++)
        {
            await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        }

        var found = await PagerDutyWorld.FindAsync(adapter, job);

        Assert.Equal(FindOutcomeKind.Undecided, found.Kind);
        Assert.All(_world.Server.Invocations, i => Assert.Contains(i.Id, found.Reason, StringComparison.Ordinal));
        Assert.Contains(others == 0 ? "none was found" : "found 01PRETEND", found.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, FindOutcomeKind.Undecided)]
    [InlineData(1, FindOutcomeKind.Found)]
    [InlineData(2, FindOutcomeKind.Undecided)]
    public async Task Find_OnASharedIncident_WhereTheOperatorAllowsIt_TakesTheOnlyInvocationOfThatTime(int invocations, FindOutcomeKind expected)
    {
        var adapter = _world.OnShared(("AdoptSingleMatch", "true"));
        await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        _time.Advance(TimeSpan.FromHours(1));
        var job = _world.Job();
        for (var i = 0; i < invocations; i++)
        {
            await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        }

        _time.Advance(TimeSpan.FromHours(1));
        await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());

        Assert.Equal(expected, (await PagerDutyWorld.FindAsync(adapter, job)).Kind);
    }

    [Fact]
    public async Task Pitfall31_WhenTheListMayHideTheInvocation_TheOnlyMatchIsNotTaken()
    {
        var adapter = _world.OnShared(("AdoptSingleMatch", "true"));
        var job = _world.Job();
        for (var i = 0; i < 30; i++)
        {
            await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        }

        var found = await PagerDutyWorld.FindAsync(adapter, job);

        Assert.Equal(FindOutcomeKind.Undecided, found.Kind);
        Assert.Contains("newest 25 only", found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_OfAWorkflow_IsForAPerson()
    {
        var job = _world.Job(PagerDutyWorld.Spec(("pagerduty_workflow_id", "WORKFLOW1"), ("pagerduty_incident_id", PagerDutyWorld.Shared)));

        Assert.Equal(FindOutcomeKind.Undecided, (await PagerDutyWorld.FindAsync(_world.Own(), job)).Kind);
    }
}
