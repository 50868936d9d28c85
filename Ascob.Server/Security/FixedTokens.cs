using System.Globalization;
using System.Security.Cryptography;
using Ascob.Core.Access;
using Ascob.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Security;

/// <summary>The tokens that stand in the configuration. Only their hashes are kept in memory.</summary>
internal sealed class FixedTokens
{
    private readonly List<(byte[] Hash, Caller Caller, string SessionId)> _tokens = [];

    public FixedTokens(IOptions<SecurityOptions> options)
    {
        if (options.Value.RootToken is { Length: > 0 } root)
        {
            Add("root", root, Permissions.All);
        }

        AddAll("jobManager", options.Value.Tokens.JobManager, Permissions.JobGroup);
        AddAll("webhook", options.Value.Tokens.Webhook, Permissions.WebhookGroup);
    }

    public bool HasRoot => _tokens.Exists(t => t.Caller.Identifier == "root");

    public IReadOnlySet<string> Identifiers => _tokens.Select(t => t.Caller.Identifier).ToHashSet(StringComparer.Ordinal);

    /// <summary>Gets what two servers have in common exactly when their fixed tokens are the same. Secret: it depends on the tokens alone.</summary>
    public string Fingerprint => string.Join('\n', _tokens.Select(t => $"{t.Caller.Identifier}:{Convert.ToHexStringLower(t.Hash)}").Order(StringComparer.Ordinal));

    /// <summary>Compares with every fixed token, so that the time tells nothing.</summary>
    public (Caller Caller, string SessionId)? Find(ReadOnlySpan<byte> hash)
    {
        (Caller, string)? found = null;
        foreach (var token in _tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(token.Hash, hash))
            {
                found = (token.Caller, token.SessionId);
            }
        }

        return found;
    }

    public Caller? FindSession(string sessionId) => _tokens.Find(t => t.SessionId == sessionId).Caller;

    private void AddAll(string name, IList<string> secrets, IReadOnlyList<string> authorities)
    {
        for (var i = 0; i < secrets.Count; i++)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{name}-{i + 1}"), secrets[i], authorities);
        }
    }

    private void Add(string identifier, string secret, IReadOnlyList<string> authorities)
    {
        var hash = TokenSecret.Hash(secret);

        // A session must end when the configured secret changes, so its id depends on the secret.
        var sessionId = $"fixed:{identifier}:{Convert.ToHexStringLower(SHA256.HashData(hash).AsSpan(0, 16))}";
        _tokens.Add((hash, new Caller(identifier, authorities.ToHashSet(StringComparer.Ordinal), null, null), sessionId));
    }
}
