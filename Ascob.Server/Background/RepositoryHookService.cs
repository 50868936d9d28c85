using Ascob.Core.Errors;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Server.Repository;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Background;

/// <summary>Makes the hooks of the repository subscriptions, soon after a commit was applied by whichever server. Looks at what is stored, so a crash in between leaves nothing undone.</summary>
internal sealed class RepositoryHookService(
    SubscriptionKeeper keeper, SubscriptionWatch watch, IRepositoryStore repository, ServerIdentity server, IOptions<RepositoryOptions> options, TimeProvider time, ILogger<RepositoryHookService> logger) : BackgroundService
{
    private const int MostLogged = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private (string? State, long Version) _kept;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (options.Value.IsConfigured && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await KeepAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException e)
            {
                logger.LogWarning("The hooks of the repository could not be looked at: {Reason}", e.Message);
            }
#pragma warning disable CA1031 // A bug in one look must not end the next.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "The hooks of the repository could not be looked at");
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        // The version belongs to it: a server that was held up may keep the hooks of an earlier commit over those of this one, and a branch may come back to a commit that it was at before.
        var version = (await watch.LookAsync(cancellationToken)).Version;
        var state = (await repository.ReadAsync(cancellationToken)).State;
        var now = ($"{state.Commit} {state.Reading}", version);
        if (state.Commit is null || now == _kept)
        {
            return;
        }

        var hooks = RepositoryHooks.Of(state, options.Value.HookSecret, options.Value.PreviousHookSecret);
        var wrong = await keeper.KeepAsync(RepositoryHooks.Source, hooks, server.Actor, cancellationToken);
        foreach (var (name, errors) in wrong.Take(MostLogged))
        {
            logger.LogWarning("The hook '{Hook}' of the repository cannot be served: {Reason}", name, string.Join(' ', errors.Select(e => $"{e.Field}: {e.Message}")));
        }

        if (wrong.Count > MostLogged)
        {
            logger.LogWarning("{Count} hooks of the repository cannot be served; the first {Logged} are named above", wrong.Count, MostLogged);
        }

        _kept = now;
    }
}
