namespace Ascob.Core.Access;

/// <summary>The memory of issued tokens. Holds hashes only.</summary>
public interface ITokenStore
{
    /// <summary>Stores a token; false where the identifier is taken (and not expired).</summary>
    Task<bool> TryAddAsync(TokenRecord token, CancellationToken cancellationToken);

    /// <summary>Replaces the token of the same identifier, if any.</summary>
    Task ReplaceAsync(TokenRecord token, CancellationToken cancellationToken);

    /// <summary>Reads a token by the public part of its secret; null where there is none.</summary>
    Task<TokenRecord?> FindAsync(string tokenId, CancellationToken cancellationToken);

    /// <summary>Deletes by identifier; false where there is none.</summary>
    Task<bool> DeleteAsync(string identifier, CancellationToken cancellationToken);

    /// <summary>Lists all tokens by identifier.</summary>
    Task<IReadOnlyList<TokenRecord>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Deletes tokens that ended before the given time; answers how many.</summary>
    Task<int> DeleteExpiredAsync(DateTimeOffset now, CancellationToken cancellationToken);
}

/// <summary>An issued token, without its secret.</summary>
/// <param name="Identifier">Its name for people; unique.</param>
/// <param name="TokenId">The public part of the secret, by which it is looked up.</param>
/// <param name="SecretHash">SHA-256 of the whole secret.</param>
/// <param name="Authorities">Its permissions.</param>
/// <param name="Submitters">The submitters whose runs it may see; null for all.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="ExpiresAt">When it ends; null for never.</param>
public sealed record TokenRecord(
    string Identifier,
    string TokenId,
    byte[] SecretHash,
    IReadOnlyList<string> Authorities,
    IReadOnlyList<string>? Submitters,
    DateTimeOffset CreatedAt,
    string CreatedBy,
    DateTimeOffset? ExpiresAt);
