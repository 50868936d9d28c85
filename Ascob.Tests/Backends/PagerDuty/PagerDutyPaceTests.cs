using Ascob.Core.Backends;
using Ascob.Demo.PagerDuty;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutyPaceTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private PagerDutyWorld _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await PagerDutyWorld.StartAsync(_time);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Pitfall32_WhenTheLimitIsUsedUp_NothingLeavesUntilTheResetInSeconds()
    {
        var adapter = _world.OnShared();
        _world.Server.RequestsPerMinute = 3;
        _time.Advance(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 3; i++)
        {
            await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
        }

        var held = await adapter.SubmitAsync(_world.Job(), Token);
        var poll = await PagerDutyWorld.ReportAsync(adapter, new BackendRunRef(1, "m", new Dictionary<string, string> { ["invocationId"] = "01A" }));

        Assert.Equal((SubmitOutcomeKind.NotNow, TimeSpan.FromSeconds(40)), (held.Kind, held.RetryAfter));
        Assert.Equal((BackendState.Unreachable, TimeSpan.FromSeconds(40)), (poll.State, poll.RetryAfter));
        Assert.Equal(3, _world.Server.Requests);
        _time.Advance(TimeSpan.FromSeconds(40));
        await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());
    }

    [Fact]
    public async Task Pitfall32_A429WithoutAnyHeader_HoldsForHalfAMinute()
    {
        var adapter = _world.OnShared();
        _world.Server.HidesRateHeaders = true;
        _world.Next("POST", PretendFault.TooMany);

        var refused = await adapter.SubmitAsync(_world.Job(), Token);
        var held = await adapter.SubmitAsync(_world.Job(), Token);
        _time.Advance(TimeSpan.FromSeconds(30));
        await PagerDutyWorld.AcceptedAsync(adapter, _world.Job());

        Assert.Equal((SubmitOutcomeKind.NotNow, TimeSpan.FromSeconds(30)), (refused.Kind, refused.RetryAfter));
        Assert.Equal(TimeSpan.FromSeconds(30), held.RetryAfter);
        Assert.Equal(2, _world.Server.Requests);
    }

    [Theory]
    [InlineData("5", 5)]
    [InlineData("86400", 600)]
    public async Task Guarantee10_RetryAfter_IsObeyedUpToTenMinutes(string retryAfter, int seconds)
    {
        var adapter = _world.OnShared();
        _world.Server.Before = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = retryAfter;
            return Task.FromResult(true);
        };

        Assert.Equal(TimeSpan.FromSeconds(seconds), (await adapter.SubmitAsync(_world.Job(), Token)).RetryAfter);
    }

    [Fact]
    public async Task Guarantee10_WhenManySubmissionsWait_NoRequestIsRefusedAfterTheFirstRefusal()
    {
        var adapter = _world.OnShared();
        _world.Server.RequestsPerMinute = 100;
        var waiting = new Queue<BackendJob>(Enumerable.Range(0, 1000).Select(_ => _world.Job()));
        while (waiting.TryPeek(out var job))
        {
            var outcome = await adapter.SubmitAsync(job, Token);
            if (outcome.Kind == SubmitOutcomeKind.Accepted)
            {
                waiting.Dequeue();
            }
            else
            {
                Assert.Equal(SubmitOutcomeKind.NotNow, outcome.Kind);
                _time.Advance(outcome.RetryAfter!.Value);
            }
        }

        Assert.Equal(1000, _world.Server.Invocations.Count);
        Assert.Equal(1000, _world.Server.Requests);
    }
}
