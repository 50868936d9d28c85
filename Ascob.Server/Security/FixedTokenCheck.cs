using Ascob.Core.Access;
using Ascob.Core.Errors;
using Ascob.Server.Persistence;

namespace Ascob.Server.Security;

/// <summary>
/// Warns where the fixed tokens of this server are not those of the server that started before it on the same database: a client behind a load balancer would be let in by one and refused by the other.
/// Only a warning, because tokens are exchanged one server after the other.
/// </summary>
internal sealed class FixedTokenCheck(
    Metadata metadata, FixedTokens tokens, ISecretProtector protector, DatabaseSettings database, ILogger<FixedTokenCheck> logger) : IHostedService
{
    public const string Name = "fixed_tokens";

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (database.Provider == DatabaseProvider.Sqlite)
        {
            return;
        }

        try
        {
            var mine = protector.Derive("ascob fixed tokens", tokens.Fingerprint);
            var last = await metadata.FindOrAddAsync(Name, mine, cancellationToken);
            if (last != mine && await metadata.TryReplaceAsync(Name, last, mine, cancellationToken))
            {
                logger.LogWarning(
                    "Ascob:Security:RootToken and Ascob:Security:Tokens are not those of the server that started before this one on the same database; give all servers the same");
            }
        }
        catch (StoreUnavailableException e)
        {
            logger.LogDebug("The fixed tokens could not be compared: {Reason}", e.Message);
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
