namespace Ascob.Core.Access;

/// <summary>Encrypts what must not lie in clear, and derives per-run secrets that need not be stored. Keys come from configuration or the data directory.</summary>
public interface ISecretProtector
{
    /// <summary>Encrypts; the answer is text and differs each time.</summary>
    string Protect(string clear);

    /// <summary>Decrypts.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Made with another key, or tampered with.</exception>
    string Unprotect(string protectedText);

    /// <summary>Derives a 256-bit secret for a purpose and a name, always the same, as URL-safe text.</summary>
    string Derive(string purpose, string name);
}
