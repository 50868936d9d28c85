using System.Globalization;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;

namespace Ascob.Server.Background;

/// <summary>
/// Brings what definitions of kuroko2 tell others in line with what is stored and configured: at the start, so that another secret, Slack address or mail server takes effect, and from time to time, so that nothing stays as it is because a
/// server was killed between two steps, or ran with older settings while others had the new ones.
/// </summary>
internal sealed class Kuroko2NoticeService(
    IScriptNotices notices, IDefinitionStore definitions, INotificationStore subscriptions, ServerIdentity server, TimeProvider time, ILogger<Kuroko2NoticeService> logger) : BackgroundService
{
    private const string SourcePrefix = "kuroko2 definition ";
    private const int PageSize = 200;
    private const int MostAttempts = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PauseAfterTrouble = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Pause;
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException e)
            {
                logger.LogWarning("What definitions of kuroko2 tell others could not be looked at: {Reason}", e.Message);
                pause = PauseAfterTrouble;
            }
#pragma warning disable CA1031 // A bug in one look must not end the next.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.LogError(e, "What definitions of kuroko2 tell others could not be looked at");
                pause = PauseAfterTrouble;
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        // Before the definitions: one that is made meanwhile is not taken for gone.
        var kept = (await subscriptions.SubscriptionsAsync(cancellationToken)).All.Select(s => DefinitionOf(s.Source)).OfType<long>().ToHashSet();
        string? after = null;
        do
        {
            var page = await definitions.ListAsync(new DefinitionSearch { AfterName = after, Limit = PageSize }, cancellationToken);
            foreach (var definition in page.Items.Where(d => ScriptFields.Of(d.Content).Script is not null))
            {
                kept.Remove(definition.Id);
                await KeepAsync(definition, cancellationToken);
            }

            after = page.NextAfterName;
        }
        while (after is not null);

        // Renamed while the pages were read, it may have been passed over.
        foreach (var id in kept)
        {
            var definition = await definitions.FindAsync(id, cancellationToken);
            if (definition is not null && ScriptFields.Of(definition.Content).Script is not null)
            {
                await KeepAsync(definition, cancellationToken);
            }
            else
            {
                await notices.KeepAsync(id, null, server.Actor, cancellationToken);
            }
        }
    }

    private static long? DefinitionOf(string? source) =>
        source?.StartsWith(SourcePrefix, StringComparison.Ordinal) == true && long.TryParse(source.AsSpan(SourcePrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    // Somebody may have saved it between the two steps and kept what it says now: then that must not be undone.
    private async Task KeepAsync(Definition definition, CancellationToken cancellationToken)
    {
        Definition? now = definition;
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var before = now;
            await notices.KeepAsync(definition.Id, before is null ? null : ScriptFields.Of(before.Content), server.Actor, cancellationToken);
            now = await definitions.FindAsync(definition.Id, cancellationToken);
            if (now?.Version == before?.Version)
            {
                return;
            }
        }
    }
}
