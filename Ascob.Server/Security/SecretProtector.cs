using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;

namespace Ascob.Server.Security;

/// <summary>
/// AES-256-GCM under a key from <c>Ascob:Security:EncryptionKey</c>, or one that is made once and kept in <c>keys/</c> of the data directory. What it makes starts with the
/// key's id, so that a wrong key is told from tampering.
/// </summary>
internal sealed class SecretProtector : ISecretProtector
{
    public const string KeySetting = "Ascob:Security:EncryptionKey";

    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly byte[] _derivationKey;
    private readonly byte[] _encryptionKey;
    private readonly string _prefix;

    public SecretProtector(byte[] key)
    {
        if (key.Length != KeySize)
        {
            throw new InvalidOperationException($"{KeySetting} must be {KeySize} bytes in base64.");
        }

        // Keys for different uses are derived, so that the one that encrypts is used for nothing else.
        _encryptionKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeySize, info: "ascob encrypt"u8.ToArray());
        _derivationKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeySize, info: "ascob derive"u8.ToArray());
        _prefix = $"{Base64Url.EncodeToString(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 6, info: "ascob key id"u8.ToArray()))}.";
    }

    public static SecretProtector Create(string? configuredKey, string dataDirectory)
    {
        if (string.IsNullOrWhiteSpace(configuredKey))
        {
            return new SecretProtector(ReadOrCreateKey(Path.Combine(dataDirectory, "keys", "encryption.key")));
        }

        var key = new byte[configuredKey.Length];
        return Convert.TryFromBase64String(configuredKey, key, out var length)
            ? new SecretProtector(key[..length])
            : throw new InvalidOperationException($"{KeySetting} must be {KeySize} bytes in base64.");
    }

    public string Protect(string clear)
    {
        ArgumentNullException.ThrowIfNull(clear);
        var text = Encoding.UTF8.GetBytes(clear);
        var sealedText = new byte[NonceSize + TagSize + text.Length];
        var nonce = sealedText.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = NewCipher();
        cipher.Encrypt(nonce, text, sealedText.AsSpan(NonceSize + TagSize), sealedText.AsSpan(NonceSize, TagSize), Encoding.ASCII.GetBytes(_prefix));
        return _prefix + Base64Url.EncodeToString(sealedText);
    }

    public string Unprotect(string protectedText)
    {
        ArgumentNullException.ThrowIfNull(protectedText);
        if (!protectedText.StartsWith(_prefix, StringComparison.Ordinal))
        {
            throw new CryptographicException("The text was protected with another key.");
        }

        var encoded = protectedText.AsSpan(_prefix.Length);
        if (!Base64Url.IsValid(encoded, out var length) || length < NonceSize + TagSize)
        {
            throw new CryptographicException("The protected text is damaged.");
        }

        var sealedText = Base64Url.DecodeFromChars(encoded);
        var clear = new byte[sealedText.Length - NonceSize - TagSize];
        using var cipher = NewCipher();
        cipher.Decrypt(
            sealedText.AsSpan(0, NonceSize),
            sealedText.AsSpan(NonceSize + TagSize),
            sealedText.AsSpan(NonceSize, TagSize),
            clear,
            Encoding.ASCII.GetBytes(_prefix));
        return Encoding.UTF8.GetString(clear);
    }

    public string Derive(string purpose, string name)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        ArgumentNullException.ThrowIfNull(name);

        // The length keeps ("ab", "c") and ("a", "bc") apart.
        var message = Encoding.UTF8.GetBytes($"{purpose.Length}:{purpose}{name}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(_derivationKey, message));
    }

    // One for each call: a cipher keeps its nonce between the calls into OpenSSL, so two threads on one would mix their texts up.
    private AesGcm NewCipher() => new(_encryptionKey, TagSize);

    private static byte[] ReadOrCreateKey(string path)
    {
        if (!File.Exists(path))
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            }

            var temporary = $"{path}.{Guid.NewGuid():N}";
            using (var file = new FileStream(temporary, options))
            {
                file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeySize))));
                file.Flush(flushToDisk: true);
            }

            TryMove(temporary, path);
        }

        return Convert.FromBase64String(File.ReadAllText(path).Trim());
    }

    private static void TryMove(string temporary, string path)
    {
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another server on the same directory was first: its key counts.
            File.Delete(temporary);
        }
    }
}
