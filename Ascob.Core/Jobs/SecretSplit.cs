using System.Text.Json;
using Ascob.Core.Access;

namespace Ascob.Core.Jobs;

/// <summary>
/// Parts a job from its secret values: the job that is stored and shown has <see cref="Mask"/> in their place, and the values go through
/// <see cref="ISecretProtector"/> on their own.
/// </summary>
/// <param name="Masked">The job with its secret values masked; the same object where it has none.</param>
/// <param name="Clear">The secret values in clear by name; null where there are none. Never logged, never stored.</param>
public sealed record SecretSplit(JobSpec Masked, IReadOnlyDictionary<string, string>? Clear)
{
    /// <summary>What stands where a secret value is not shown.</summary>
    public const string Mask = "***";

    /// <summary>Takes the secret values out of a job.</summary>
    public static SecretSplit From(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.SecretParameters is not { Count: > 0 } secrets)
        {
            return new SecretSplit(spec, null);
        }

        var masked = secrets.Keys.ToDictionary(name => name, _ => Mask, StringComparer.Ordinal);
        return new SecretSplit(spec with { SecretParameters = masked }, new Dictionary<string, string>(secrets, StringComparer.Ordinal));
    }

    /// <summary>Puts the secret values back; the inverse of <see cref="From"/>.</summary>
    public static JobSpec Join(JobSpec masked, IReadOnlyDictionary<string, string>? clear)
    {
        ArgumentNullException.ThrowIfNull(masked);
        return clear is null ? masked : masked with { SecretParameters = clear };
    }

    /// <summary>Encrypts the secret values for the store; null where there are none.</summary>
    public string? Protect(ISecretProtector protector)
    {
        ArgumentNullException.ThrowIfNull(protector);
        return Clear is null ? null : protector.Protect(JsonSerializer.Serialize(Clear, AscobJson.Options));
    }

    /// <summary>Decrypts what <see cref="Protect"/> made; null for null.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Made with another key, or tampered with.</exception>
    public static IReadOnlyDictionary<string, string>? Reveal(string? protectedSecrets, ISecretProtector protector)
    {
        ArgumentNullException.ThrowIfNull(protector);
        return protectedSecrets is null
            ? null
            : JsonSerializer.Deserialize<IReadOnlyDictionary<string, string>>(protector.Unprotect(protectedSecrets), AscobJson.Options);
    }

    /// <summary>Names the parts without their values, so that no log or message can show a secret by accident.</summary>
    public override string ToString() => $"SecretSplit with {Clear?.Count ?? 0} secret values";
}
