using System.Text;
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

    // A shorter value would blank out half of a text and hide nothing.
    private const int ShortestMasked = 4;

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

    /// <summary>Answers a text with <see cref="Mask"/> in place of every secret value in it; null for null.</summary>
    public static string? Hide(string? text, IReadOnlyDictionary<string, string>? clear) => clear is null || text is null
        ? text
        : clear.Values.Where(v => v.Length >= ShortestMasked).OrderByDescending(v => v.Length).Aggregate(text, (t, v) => t.Replace(v, Mask, StringComparison.Ordinal));

    /// <summary>The same, but every secret value is replaced by as many <c>*</c> as it has bytes in UTF-8, so that what follows keeps its place.</summary>
    public static string? HideInPlace(string? text, IReadOnlyDictionary<string, string>? clear) => clear is null || text is null
        ? text
        : clear.Values.Where(v => v.Length >= ShortestMasked).OrderByDescending(v => v.Length)
            .Aggregate(text, (t, v) => t.Replace(v, new string('*', Encoding.UTF8.GetByteCount(v)), StringComparison.Ordinal));

    /// <summary>Names the parts without their values, so that no log or message can show a secret by accident.</summary>
    public override string ToString() => $"SecretSplit with {Clear?.Count ?? 0} secret values";
}
