using Ascob.Core.Access;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Security;

/// <summary>
/// Refuses a start with another encryption key than the one that the database was first used with: secret parameters, callback addresses and sign-ins of one server would mean nothing to the others.
/// A check value stands in the database, from which the key cannot be found.
/// </summary>
internal sealed class EncryptionKeyCheck(
    Metadata metadata,
    ISecretProtector protector,
    DatabaseSettings database,
    IConfiguration configuration,
    IOptions<SecurityOptions> options,
    StartPatience patience,
    ILogger<EncryptionKeyCheck> logger) : IHostedService
{
    public const string Name = "encryption_key_check";
    private const string Purpose = "ascob key check";

    /// <inheritdoc/>
    /// <exception cref="ConfigurationException">The key is another one.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => patience.RunAsync(CheckAsync, cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var mine = protector.Derive(Purpose, string.Empty);
        var first = await metadata.FindOrAddAsync(Name, mine, cancellationToken);
        if (first == mine)
        {
            return;
        }

        if (!options.Value.ReplaceEncryptionKey)
        {
            throw new ConfigurationException(Refusal());
        }

        await metadata.TryReplaceAsync(Name, first, mine, cancellationToken);
        logger.LogWarning(
            "Ascob:Security:ReplaceEncryptionKey: this server's key is from now on the key of the database. Secret parameters that were protected with the old one cannot be read any more, and callback addresses that were handed out are closed");
    }

    private string Refusal()
    {
        var isMade = string.IsNullOrWhiteSpace(configuration[SecretProtector.KeySetting]);
        var key = isMade ? $"{SecretProtector.KeySetting} is not set, and the key in {Path.Combine(database.DataDirectory, "keys")}" : SecretProtector.KeySetting;
        var mend = isMade
            ? "set it, on every server of this database, to what the first server has there or in its setting"
            : "all servers of a database need the same one";
        return $"{key} is not the key that this database was first used with; {mend}. To put a new key in the place of one that is lost, see \"Changing the encryption key\" in docs/security.md.";
    }
}
