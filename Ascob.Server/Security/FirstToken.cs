using Ascob.Core.Access;

namespace Ascob.Server.Security;

/// <summary>
/// Makes sure that somebody can use a new server: where no root token is configured and the store holds no token at all, one is made and printed this once.
/// </summary>
internal sealed class FirstToken(FixedTokens fixedTokens, TokenService tokens, TextWriter output) : IHostedLifecycleService
{
    public const string Identifier = "root";

    /// <inheritdoc/>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        if (fixedTokens.HasRoot)
        {
            return;
        }

        var isShown = false;
        var issued = await tokens.IssueFirstAsync(
            Identifier,
            async token =>
            {
                // Not through the log: logs are kept and shipped, and this must be seen once and nowhere else.
                await output.WriteLineAsync($"The root token of this new server, shown this once: {token.Secret}");
                await output.FlushAsync(cancellationToken);
                isShown = true;
            },
            cancellationToken);
        if (isShown && issued is null)
        {
            await output.WriteLineAsync("Another server was faster: the token above is not valid, the one that it has shown is.");
            await output.FlushAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
