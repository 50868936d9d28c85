using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Ascob.Core.Access;

/// <summary>
/// The text that a token holder keeps: <c>asc_&lt;id&gt;_&lt;256 random bits&gt;_&lt;check sum&gt;</c>. The id is public and finds the record; the check sum lets mistyped and
/// made-up tokens be refused without asking the store, and secret scanners recognise real ones.
/// </summary>
internal static class TokenSecret
{
    private const string Prefix = "asc_";
    private const int IdLength = 12;
    private const int SecretLength = 52;
    private const int Length = 4 + IdLength + 1 + SecretLength + 1 + 8;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    public static (string TokenId, string Secret) Create()
    {
        var id = RandomNumberGenerator.GetString(Alphabet, IdLength);

        // 52 characters of 5 bits hold 260 random bits.
        var body = $"{Prefix}{id}_{RandomNumberGenerator.GetString(Alphabet, SecretLength)}";
        return (id, $"{body}_{CheckSum(body)}");
    }

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    public static bool TryReadId(string secret, [NotNullWhen(true)] out string? tokenId)
    {
        tokenId = null;
        if (secret.Length != Length
            || !secret.StartsWith(Prefix, StringComparison.Ordinal)
            || secret[Prefix.Length + IdLength] != '_'
            || secret[^9] != '_'
            || !secret.AsSpan(secret.Length - 8).SequenceEqual(CheckSum(secret.AsSpan(0, secret.Length - 9))))
        {
            return false;
        }

        tokenId = secret.Substring(Prefix.Length, IdLength);
        return true;
    }

    private static string CheckSum(ReadOnlySpan<char> text)
    {
        var crc = uint.MaxValue;
        foreach (var c in text)
        {
            crc = BitOperations.Crc32C(crc, (ushort)c);
        }

        return (~crc).ToString("x8", CultureInfo.InvariantCulture);
    }
}
