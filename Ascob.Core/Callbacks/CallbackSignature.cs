using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ascob.Core.Callbacks;

/// <summary>
/// Makes and checks the signature that a backend with <c>CallbackSecret</c> puts on its calls: <c>t=&lt;unix seconds&gt;,v1=&lt;hex HMAC-SHA256 of "t.body"&gt;</c>. It keeps
/// a secret URL that leaked from being enough, and old calls from being sent again.
/// </summary>
public static class CallbackSignature
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "X-Ascob-Signature";

    /// <summary>How far the time in a signature may be from the present.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const int LongestHeader = 1000;

    /// <summary>Makes the header's value.</summary>
    public static string Make(string secret, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var seconds = at.ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"t={seconds},v1={Convert.ToHexStringLower(Mac(secret, seconds, body))}");
    }

    /// <summary>Answers whether the value is good now. Several <c>v1</c> may stand in it, so that a secret can be changed without a gap.</summary>
    public static bool IsGood(string? value, string secret, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (value is null or { Length: > LongestHeader })
        {
            return false;
        }

        var parts = value.Split(',', StringSplitOptions.TrimEntries);
        if (!long.TryParse(parts.FirstOrDefault(p => p.StartsWith("t=", StringComparison.Ordinal))?[2..], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs((decimal)now.ToUnixTimeSeconds() - seconds) > (decimal)Window.TotalSeconds)
        {
            return false;
        }

        var expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Mac(secret, seconds, body)));
        var isGood = false;
        foreach (var part in parts.Where(p => p.StartsWith("v1=", StringComparison.Ordinal)))
        {
            isGood |= CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(part[3..].ToLowerInvariant()), expected);
        }

        return isGood;
    }

    private static byte[] Mac(string secret, long seconds, ReadOnlySpan<byte> body)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        mac.AppendData(Encoding.ASCII.GetBytes(seconds.ToString(CultureInfo.InvariantCulture) + "."));
        mac.AppendData(body);
        return mac.GetHashAndReset();
    }
}

/// <summary>A call as it came over the wire, for the check of its signature.</summary>
/// <param name="Signature">The value of <see cref="CallbackSignature.Header"/>; null for none.</param>
/// <param name="Body">The very bytes of the body; empty where it has none.</param>
public sealed record CallbackProof(string? Signature, ReadOnlyMemory<byte> Body)
{
    /// <summary>Gets the proof of a call that is not signed.</summary>
    public static CallbackProof None { get; } = new(null, ReadOnlyMemory<byte>.Empty);
}
