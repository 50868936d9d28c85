using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Core.Runs;

public sealed class RetentionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clean_WhenTheOutputCannotBeDeleted_KeepsTheRunUntilItCan()
    {
        var outputs = new StuckOutputs();
        await using var world = await TestWorld.StartAsync(configure: services => services.AddSingleton<IOutputStore>(outputs));
        var run = await world.SubmitAsync();
        world.Backend.Set(run.Marker, BackendState.Succeeded);
        await world.UntilAsync(run.Id, RunStatus.Succeeded);
        world.Time.Advance(TimeSpan.FromDays(91));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => world.Get<Retention>().CleanAsync(Token));
        Assert.NotNull(await world.Store.FindAsync(run.Id, Token));

        outputs.IsStuck = false;
        Assert.Equal(1, await world.Get<Retention>().CleanAsync(Token));
        Assert.Null(await world.Store.FindAsync(run.Id, Token));
        Assert.Equal([run.Id], outputs.Deleted);
    }

    /// <summary>A disk that does not let go at first.</summary>
    private sealed class StuckOutputs : IOutputStore
    {
        public bool IsStuck { get; set; } = true;

        public List<long> Deleted { get; } = [];

        public Task<Stream?> OpenAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken) => Task.FromResult<Stream?>(null);

        public Task ArchiveAsync(
            long runId,
            int attempt,
            IReadOnlyList<OutputChannel> channels,
            Func<OutputChannel, long, CancellationToken, Task<OutputChunk>> read,
            CancellationToken cancellationToken) => Task.CompletedTask;

        public Task DeleteAsync(long runId, CancellationToken cancellationToken)
        {
            if (IsStuck)
            {
                throw new StoreUnavailableException("The kept output cannot be deleted now.");
            }

            Deleted.Add(runId);
            return Task.CompletedTask;
        }
    }
}
