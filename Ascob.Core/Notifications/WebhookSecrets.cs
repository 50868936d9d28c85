using System.Security.Cryptography;

namespace Ascob.Core.Notifications;

/// <summary>The secrets of Standard Webhooks: <c>whsec_</c> and 24 to 64 random bytes in base64.</summary>
public static class WebhookSecrets
{
    private const string Prefix = "whsec_";
    private const int Least = 24;
    private const int Most = 64;

    /// <summary>Makes a new one.</summary>
    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>Answers whether a text is one.</summary>
    public static bool IsValid(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Prefix, StringComparison.Ordinal) && TryRead(text, out var key) && key.Length is >= Least and <= Most;
    }

    /// <summary>Answers the bytes to sign with.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static byte[] KeyOf(string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        return TryRead(secret, out var key) ? key : throw new FormatException("Not a secret of Standard Webhooks.");
    }

    private static bool TryRead(string text, out byte[] key)
    {
        key = [];
        var buffer = new byte[text.Length];
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || !Convert.TryFromBase64String(text[Prefix.Length..], buffer, out var length))
        {
            return false;
        }

        key = buffer[..length];
        return true;
    }
}
