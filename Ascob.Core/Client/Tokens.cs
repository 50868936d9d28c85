using Ascob.Core.Access;

namespace Ascob.Core.Client;

/// <summary>Answer of <c>GET /api/security/whoami</c>.</summary>
/// <param name="Identifier">The token's name.</param>
/// <param name="Authorities">Its permissions.</param>
/// <param name="ExpiresAt">When it ends; null for never.</param>
public sealed record WhoAmI(string Identifier, IReadOnlyList<string> Authorities, DateTimeOffset? ExpiresAt)
{
    /// <summary>Shows a caller to itself.</summary>
    public static WhoAmI From(Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return new WhoAmI(caller.Identifier, [.. caller.Authorities.Order(StringComparer.Ordinal)], caller.ExpiresAt);
    }
}

/// <summary>Body of <c>POST /api/security/tokens/{identifier}</c>.</summary>
/// <param name="ExpirySeconds">How long it lives; null or 0 for ever.</param>
/// <param name="Permissions">What it may do; at most what its maker may.</param>
/// <param name="Submitters">The submitters whose runs it may see; null for all.</param>
public sealed record CreateTokenRequest(long? ExpirySeconds, IReadOnlyList<string>? Permissions, IReadOnlyList<string>? Submitters = null);

/// <summary>Answer of <c>POST /api/security/tokens/{identifier}</c>.</summary>
/// <param name="Secret">The token itself; never shown again.</param>
public sealed record CreateTokenResponse(string Secret)
{
    /// <summary>Does not tell the secret.</summary>
    public override string ToString() => nameof(CreateTokenResponse);
}

/// <summary>An issued token, without its secret.</summary>
/// <param name="Identifier">Its name.</param>
/// <param name="Permissions">What it may do.</param>
/// <param name="Submitters">The submitters whose runs it may see; null for all.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="ExpiresAt">When it ends; null for never.</param>
public sealed record TokenInfo(
    string Identifier,
    IReadOnlyList<string> Permissions,
    IReadOnlyList<string>? Submitters,
    DateTimeOffset CreatedAt,
    string CreatedBy,
    DateTimeOffset? ExpiresAt)
{
    /// <summary>Shows a stored token.</summary>
    public static TokenInfo From(TokenRecord token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return new TokenInfo(token.Identifier, token.Authorities, token.Submitters, token.CreatedAt, token.CreatedBy, token.ExpiresAt);
    }
}

/// <summary>The issued tokens, by identifier.</summary>
/// <param name="Items">The tokens.</param>
public sealed record TokenList(IReadOnlyList<TokenInfo> Items);
