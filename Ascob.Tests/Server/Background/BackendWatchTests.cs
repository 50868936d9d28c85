using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Server.Background;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ascob.Tests.Server.Background;

/// <summary>An operator's order to drain a backend holds on every server, and in every life of it.</summary>
public sealed class BackendWatchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Drained_AtAnotherServerOrInAnEarlierLife_HoldsFromTheStartAndUntilItIsResumed_HoweverLongABackendHangs()
    {
        var silent = new ScriptedBackend("silent") { BeforeHealth = token => Task.Delay(Timeout.Infinite, token) };
        await using var one = await TestWorld.StartAsync();
        await one.Get<IBackendStateStore>().SetDrainedAsync("scripted", true, Token);
        await using var two = await TestWorld.StartAsync(
            one, o => o.Resilience.Timeout = TimeSpan.FromHours(1), serverName: "two", others: [(silent, new BackendOptions { Type = "Scripted", Resilience = { Timeout = TimeSpan.FromHours(1) } })]);
        using var watch = new BackendWatch(two.Get<BackendHealthChecks>(), two.Get<TimeProvider>(), NullLogger<BackendWatch>.Instance);

        await watch.StartAsync(Token);
        try
        {
            var held = await two.SubmitAsync();
            Assert.Equal((RunStatus.PendingSubmit, 0), (held.Status, two.Backend.Arrived.Count));
            Assert.Contains("is drained", held.StatusReason, StringComparison.Ordinal);

            await one.Get<IBackendStateStore>().SetDrainedAsync("scripted", false, Token);
            await TestWorld.UntilAsync(() =>
            {
                two.Time.Advance(TimeSpan.FromSeconds(1));
                return !two.EntryOf("scripted").Condition.Drained;
            });
            await two.PassAsync(TimeSpan.FromSeconds(10));
            Assert.Single(two.Backend.Arrived);
        }
        finally
        {
            await watch.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public void Drained_IsKnownBeforeTheEngineBegins()
    {
        var hosted = new ServiceCollection().AddAscobEngine().Where(s => s.ServiceType == typeof(IHostedService)).Select(s => s.ImplementationType).ToList();

        Assert.InRange(hosted.IndexOf(typeof(BackendWatch)), 0, hosted.IndexOf(typeof(EngineHost)) - 1);
    }
}
