using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;

namespace Ascob.Server.Background;

/// <summary>
/// Brings the subscriptions of kuroko2's definitions up to the configuration: the secret of webhooks, the address of Slack, whether and to whom mail is sent. What a definition itself says follows it when it is saved.
/// Subscriptions whose definition is gone go too. Done after a start, and from time to time, for a server with older settings may have saved definitions while others had the new ones.
/// </summary>
internal sealed class Kuroko2NoticeService(
    IDefinitionStore definitions,
    INotificationStore store,
    SubscriptionWatch watch,
    IEnumerable<IDefinitionSubscriptions> keepers,
    ServerIdentity server,
    TimeProvider time,
    ILogger<Kuroko2NoticeService> logger) : BackgroundService
{
    private const int PageSize = 500;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PauseAfterTrouble = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Pause;
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
                logger.LogWarning("The notifications of kuroko2's definitions could not be looked at: {Reason}", e.Message);
                pause = PauseAfterTrouble;
            }
#pragma warning disable CA1031 // The next look may go better; until then they are as they were.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "The notifications of kuroko2's definitions could not be looked at");
                pause = PauseAfterTrouble;
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        var known = (await watch.LookAsync(cancellationToken)).All.Where(s => KeptSubscriptions.DefinitionOf(s.Source) is not null).ToLookup(s => KeptSubscriptions.DefinitionOf(s.Source)!.Value);
        string? after = null;
        do
        {
            var page = await definitions.ListAsync(new DefinitionSearch { AfterName = after, Limit = PageSize }, cancellationToken);
            foreach (var definition in page.Items)
            {
                await KeepAsync(definition, [.. known[definition.Id]], cancellationToken);
            }

            after = page.NextAfterName;
        }
        while (after is not null);

        foreach (var id in known.Select(k => k.Key))
        {
            // Both are stored together and numbers are never given twice: one that is not there is gone.
            if (await definitions.FindAsync(id, cancellationToken) is null)
            {
                await store.KeepAsync(KeptSubscriptions.SourceOf(id), there => SubscriptionChanges.None with { Deleted = [.. there.Select(s => s.Id)] }, cancellationToken);
            }
        }
    }

    private async Task KeepAsync(Definition definition, IReadOnlyList<Subscription> known, CancellationToken cancellationToken)
    {
        foreach (var keeper in keepers)
        {
            // Most are as they should be, which costs no transaction. Whoever saves the definition meanwhile does the same.
            if (keeper.Of(definition.Content, before: null, server.Actor) is { } plan && !plan(definition.Id)(known).IsEmpty)
            {
                await definitions.SaveAsync(definition.Id, definition.Version, new DefinitionUpdate { Companions = new DefinitionCompanions { Subscriptions = plan } }, cancellationToken);
                logger.LogInformation("The notifications of the definition {Definition} follow the configuration", definition.Name);
            }
        }
    }
}
