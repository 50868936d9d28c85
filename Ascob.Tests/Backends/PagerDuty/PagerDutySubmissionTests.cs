using System.Net;
using System.Net.Sockets;
using Ascob.Core.Backends;
using Ascob.Demo.PagerDuty;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutySubmissionTests : IAsyncLifetime
{
    private const string Invocations = "POST /automation_actions/actions/";
    private PagerDutyWorld _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await PagerDutyWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Submit_OnASharedIncident_InvokesTheActionThere()
    {
        var run = await PagerDutyWorld.AcceptedAsync(_world.OnShared(), _world.Job());

        var started = Assert.Single(_world.Server.Invocations);
        Assert.Equal(PagerDutyWorld.Shared, started.IncidentId);
        Assert.Equal(
            new Dictionary<string, string> { ["instance"] = "pd", ["invocationId"] = started.Id, ["actionId"] = PagerDutyWorld.Action, ["incidentId"] = PagerDutyWorld.Shared },
            run.Keys);
    }

    [Fact]
    public async Task Submit_WithAnIncidentForEachRun_MakesItWithTheMarkerAsKeyAndResolvesItAtTheEnd()
    {
        var adapter = _world.Own();
        var job = _world.Job() with { Spec = PagerDutyWorld.Invoke() with { Description = "nightly" } };

        var run = await PagerDutyWorld.AcceptedAsync(adapter, job);

        var incident = Assert.Single(_world.Server.Incidents, i => i.Key == job.Marker);
        Assert.Equal(("Ascob run 7: nightly", "triggered"), (incident.Title, incident.Status));
        Assert.Equal(incident.Id, Assert.Single(_world.Server.Invocations).IncidentId);
        await ((ISupportCleanup)adapter).CleanUpAsync(run, Token);
        await ((ISupportCleanup)adapter).CleanUpAsync(run, Token);
        Assert.Equal("resolved", incident.Status);
    }

    [Fact]
    public async Task Submit_WhenTheActionIsRefused_LeavesNoIncidentOfTheRunOpen()
    {
        var job = _world.Job(PagerDutyWorld.Invoke("NOSUCH"));

        var outcome = await _world.Own().SubmitAsync(job, Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Equal("resolved", Assert.Single(_world.Server.Incidents, i => i.Key == job.Marker).Status);
    }

    [Fact]
    public async Task CleanUp_OnASharedIncident_LeavesItAlone()
    {
        var adapter = _world.OnShared();

        await ((ISupportCleanup)adapter).CleanUpAsync(await PagerDutyWorld.AcceptedAsync(adapter, _world.Job()), Token);

        Assert.Equal("triggered", _world.Server.Incidents.Single(i => i.Id == PagerDutyWorld.Shared).Status);
    }

    [Fact]
    public async Task Submit_WhenTheJobNamesAnIncident_TakesThatOne()
    {
        _world.Server.AddIncident("QOTHER");

        await PagerDutyWorld.AcceptedAsync(_world.OnShared(), _world.Job(PagerDutyWorld.Spec(("pagerduty_action_id", PagerDutyWorld.Action), ("pagerduty_incident_id", "QOTHER"))));

        Assert.Equal("QOTHER", Assert.Single(_world.Server.Invocations).IncidentId);
    }

    [Fact]
    public async Task Submit_OfAWorkflow_GivesTheMarkerAsItsId()
    {
        var job = _world.Job(PagerDutyWorld.Spec(("pagerduty_workflow_id", "WORKFLOW1"), ("pagerduty_incident_id", PagerDutyWorld.Shared)));

        var run = await PagerDutyWorld.AcceptedAsync(_world.Own(), job);

        Assert.Equal(("WORKFLOW1", job.Marker, PagerDutyWorld.Shared), Assert.Single(_world.Server.Instances));
        Assert.Equal(job.Marker, run.Keys["workflowInstanceId"]);
    }

    [Theory]
    [InlineData(PretendFault.DropBefore, SubmitOutcomeKind.Unknown, 0)]
    [InlineData(PretendFault.DropAfter, SubmitOutcomeKind.Unknown, 1)]
    [InlineData(PretendFault.Truncate, SubmitOutcomeKind.Unknown, 1)]
    [InlineData(PretendFault.ErrorAfter, SubmitOutcomeKind.Unknown, 1)]
    [InlineData(PretendFault.ErrorBefore, SubmitOutcomeKind.Unknown, 0)]
    [InlineData(PretendFault.LoginPage, SubmitOutcomeKind.Unknown, 0)]
    [InlineData(PretendFault.Nonsense, SubmitOutcomeKind.Unknown, 1)]
    [InlineData(PretendFault.Huge, SubmitOutcomeKind.Unknown, 1)]
    [InlineData(PretendFault.TooMany, SubmitOutcomeKind.NotNow, 0)]
    public async Task Guarantee08_09_12_WhenTheAnswerIsLostOrGarbage_TheOutcomeIsHonest(PretendFault fault, SubmitOutcomeKind expected, int started)
    {
        _world.Next(Invocations, fault);

        var outcome = await _world.OnShared().SubmitAsync(_world.Job(), Token);

        Assert.Equal(expected, outcome.Kind);
        Assert.Equal(started, _world.Server.Invocations.Count);
        Assert.False(string.IsNullOrWhiteSpace(outcome.Reason));
        Assert.DoesNotContain('\n', outcome.Reason);
        Assert.DoesNotContain(PretendPagerDuty.DefaultToken, outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pitfall37_47_WhenTheAnswerIsLost_TheOrderLeftOnce()
    {
        _world.Server.Fault = request => request.StartsWith(Invocations, StringComparison.Ordinal) ? PretendFault.DropAfter : PretendFault.None;

        await _world.OnShared().SubmitAsync(_world.Job(), Token);

        Assert.Single(_world.Server.Invocations);
    }

    [Theory]
    [InlineData(PretendFault.DropAfter)]
    [InlineData(PretendFault.Truncate)]
    [InlineData(PretendFault.ErrorAfter)]
    [InlineData(PretendFault.LoginPage)]
    public async Task Submit_WhenTheAnswerAboutTheRunsIncidentIsLost_NothingWasStartedAndTheNextTryFindsTheIncident(PretendFault fault)
    {
        var adapter = _world.Own();
        var job = _world.Job();
        _world.Next("POST /incidents", fault);

        var first = await adapter.SubmitAsync(job, Token);
        var second = await adapter.SubmitAsync(job, Token);

        Assert.Equal((SubmitOutcomeKind.NotNow, SubmitOutcomeKind.Accepted), (first.Kind, second.Kind));
        Assert.Single(_world.Server.Incidents, i => i.Key == job.Marker);
        Assert.Single(_world.Server.Invocations);
    }

    [Fact]
    public async Task Submit_WhenTheRunsIncidentIsThereAlreadyButCannotBeLookedUp_Waits()
    {
        var adapter = _world.Own();
        var job = _world.Job();
        _world.Next("POST /incidents", PretendFault.DropAfter);
        await adapter.SubmitAsync(job, Token);
        _world.Next("GET /incidents", PretendFault.LoginPage);

        Assert.Equal(SubmitOutcomeKind.NotNow, (await adapter.SubmitAsync(job, Token)).Kind);
        await PagerDutyWorld.AcceptedAsync(adapter, job);
    }

    [Fact]
    public async Task Guarantee11_WithAWrongToken_TheRunWaitsAndTheReasonSaysWhichSettingToMend()
    {
        var shared = await _world.OnShared(("ApiToken", "wrong")).SubmitAsync(_world.Job(), Token);
        var own = await _world.Own(("ApiToken", "wrong")).SubmitAsync(_world.Job(), Token);

        Assert.Equal((SubmitOutcomeKind.NotNow, SubmitOutcomeKind.NotNow), (shared.Kind, own.Kind));
        Assert.Contains("Ascob:Backends:pd:ApiToken", shared.Reason, StringComparison.Ordinal);
        Assert.Contains("Ascob:Backends:pd:ApiToken", own.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", shared.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NOSUCH", PagerDutyWorld.Shared, "does not know")]
    [InlineData(PagerDutyWorld.Action, "QNOSUCH", "Incident not found")]
    public async Task Submit_OfWhatPagerDutyDoesNotKnow_IsRejectedAtOnce(string action, string incident, string reason)
    {
        var outcome = await _world.Adapter().SubmitAsync(_world.Job(PagerDutyWorld.Spec(("pagerduty_action_id", action), ("pagerduty_incident_id", incident))), Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_ToADeadHost_WaitsBecauseNothingWasSent()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var adapter = _world.OnShared(("Url", $"http://127.0.0.1:{port}"));

        var outcome = await adapter.SubmitAsync(_world.Job(), Token);
        var health = await adapter.CheckHealthAsync(Token);

        Assert.Equal((SubmitOutcomeKind.NotNow, "the backend refuses connections"), (outcome.Kind, outcome.Reason));
        Assert.Contains("Ascob:Backends:pd:Url", health.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pitfall30_AnInvocationWithoutAnIncident_IsRefusedBeforeItIsSent()
    {
        var adapter = _world.Adapter();

        var errors = adapter.Validate(PagerDutyWorld.Invoke());

        Assert.Equal("jobSpec.labels.pagerduty_incident_id", Assert.Single(errors).Field);
        Assert.Equal(SubmitOutcomeKind.Rejected, (await adapter.SubmitAsync(_world.Job(), Token)).Kind);
        Assert.Equal(0, _world.Server.Requests);
    }

    [Fact]
    public void Pitfall30_NeitherStopNorOutput_IsPromised() =>
        Assert.Equal(BackendCapabilities.Find | BackendCapabilities.Status, _world.OnShared().Capabilities);

    [Fact]
    public async Task Pitfall48_ALoginPageWithStatus200_IsNoHealth()
    {
        _world.Server.Fault = _ => PretendFault.LoginPage;

        var health = await _world.OnShared().CheckHealthAsync(Token);

        Assert.False(health.Healthy);
        Assert.Contains("without JSON", health.Reason, StringComparison.Ordinal);
        Assert.Contains("Ascob:Backends:pd:Url", health.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_WithAWrongToken_SaysWhichSettingToMend() =>
        Assert.Contains("mend Ascob:Backends:pd:ApiToken", (await _world.OnShared(("ApiToken", "wrong")).CheckHealthAsync(Token)).Reason, StringComparison.Ordinal);
}
