using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ascob.Tests.Server.Api;

/// <summary>The address that jobs are handed where none is configured.</summary>
public sealed class OwnAddressTests
{
    [Fact]
    public async Task CallbackUrl_OfARunThatIsThereBeforeTheServerListens_IsTheServersOwn()
    {
        var backend = new ScriptedBackend();
        await using var server = await ApiServer.StartAsync(
            b => b.Services.AddSingleton<IBackendType>(backend).AddHostedService(p => new EarlyRun(p.GetRequiredService<JobService>(), backend)),
            "--Ascob:Backends:scripted:Type", "Scripted");

        await TestWorld.UntilAsync(() => !backend.Arrived.IsEmpty);

        Assert.StartsWith($"{server.Url.ToString().TrimEnd('/')}/api/webhooks/runs/", backend.Arrived.Single().CallbackUrl, StringComparison.Ordinal);
    }

    /// <summary>Holds up the start until its run is sent, or it is clear that it is not sent yet.</summary>
    private sealed class EarlyRun(JobService jobs, ScriptedBackend backend) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            var sent = new TaskCompletionSource();
            backend.OnSubmit = (job, _) =>
            {
                sent.TrySetResult();
                return Task.FromResult(backend.Start(job));
            };
            Assert.True((await jobs.SubmitAsync(new SubmitRequest(TestWorld.Job().Build()), TestWorld.Root, cancellationToken)).IsSuccess);
            await Task.WhenAny(sent.Task, Task.Delay(TimeSpan.FromMilliseconds(300), cancellationToken));
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
