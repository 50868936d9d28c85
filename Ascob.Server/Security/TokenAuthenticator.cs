using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Core.Timing;

namespace Ascob.Server.Security;

/// <summary>
/// Finds the caller behind a token. What was read of issued tokens is remembered for half a second, so a revoked token ends within one second on every
/// server.
/// </summary>
internal sealed class TokenAuthenticator(FixedTokens fixedTokens, ITokenStore tokens, MonotonicClock clock)
{
    private const int LongestSecret = 512;
    private const int MostRemembered = 10_000;
    private static readonly TimeSpan Remember = TimeSpan.FromMilliseconds(500);
    private static readonly byte[] NoHash = new byte[SHA256.HashSizeInBytes];

    private static readonly TimeSpan Lately = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Seen> _seen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(UInt128 High, UInt128 Low), long> _accepted = new();

    /// <summary>Answers the caller, or null with the public part of the token for the log.</summary>
    public async ValueTask<Authentication> AuthenticateAsync(string secret, CancellationToken cancellationToken)
    {
        if (secret.Length is 0 or > LongestSecret)
        {
            return default;
        }

        var hash = TokenSecret.Hash(secret);
        if (fixedTokens.Find(hash) is { } known)
        {
            NoteAccepted(hash);
            return new Authentication(known.Caller, null, known.SessionId);
        }

        if (!TokenSecret.TryReadId(secret, out var tokenId))
        {
            return default;
        }

        var seen = await FindAsync(tokenId, cancellationToken);

        // The comparison is made for unknown ids too, so that both take the same time.
        var same = CryptographicOperations.FixedTimeEquals(seen.Record?.SecretHash ?? NoHash, hash);
        if (!same || !IsAlive(seen))
        {
            return new Authentication(null, tokenId, null);
        }

        NoteAccepted(hash);
        return new Authentication(seen.Caller, tokenId, tokenId);
    }

    /// <summary>Answers whether this very token was accepted within the last hour; says nothing of whether it still is.</summary>
    public bool WasAcceptedLately(string secret) =>
        secret.Length is > 0 and <= LongestSecret && _accepted.TryGetValue(KeyOf(TokenSecret.Hash(secret)), out var at) && clock.Time.GetElapsedTime(at) < Lately;

    private static (UInt128 High, UInt128 Low) KeyOf(ReadOnlySpan<byte> hash) =>
        (BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));

    private void NoteAccepted(ReadOnlySpan<byte> hash)
    {
        if (_accepted.Count >= MostRemembered)
        {
            _accepted.Clear();
        }

        _accepted[KeyOf(hash)] = clock.Time.GetTimestamp();
    }

    /// <summary>Answers the caller of a session, as long as its token is good.</summary>
    public async ValueTask<Caller?> FindSessionAsync(string sessionId, CancellationToken cancellationToken)
    {
        if (sessionId.StartsWith("fixed:", StringComparison.Ordinal))
        {
            return fixedTokens.FindSession(sessionId);
        }

        var seen = await FindAsync(sessionId, cancellationToken);
        return IsAlive(seen) ? seen.Caller : null;
    }

    private bool IsAlive(Seen seen) => seen.Record is { } record && (record.ExpiresAt is null || record.ExpiresAt > clock.Now);

    private async ValueTask<Seen> FindAsync(string tokenId, CancellationToken cancellationToken)
    {
        if (_seen.TryGetValue(tokenId, out var seen) && clock.Time.GetElapsedTime(seen.At) < Remember)
        {
            return seen;
        }

        // Counted from before the question: an answer that travelled long is old already.
        var at = clock.Time.GetTimestamp();
        var record = await tokens.FindAsync(tokenId, cancellationToken);
        seen = new Seen(record, record is null ? null : ToCaller(record), at);
        if (_seen.Count >= MostRemembered)
        {
            _seen.Clear();
        }

        _seen[tokenId] = seen;
        return seen;
    }

    private static Caller ToCaller(TokenRecord record) =>
        new(record.Identifier, record.Authorities.ToHashSet(StringComparer.Ordinal), record.Submitters, record.ExpiresAt);

    private sealed record Seen(TokenRecord? Record, Caller? Caller, long At);
}

/// <summary>What became of a token.</summary>
/// <param name="Caller">Who it is; null for nobody.</param>
/// <param name="TokenId">The public part, for the log; null where the token has not the form of one.</param>
/// <param name="SessionId">What a session can be bound to; null for nobody.</param>
internal readonly record struct Authentication(Caller? Caller, string? TokenId, string? SessionId);
