using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ascob.Server.Configuration;

namespace Ascob.Server.Repository;

/// <summary>Which certificates of the repository's host are believed besides those that the system believes.</summary>
internal static class GitTrust
{
    private const string Key = RepositoryOptions.Section + ":CaFile";

    /// <summary>Looks the setting over at the start.</summary>
    /// <exception cref="ConfigurationException">The file cannot be used.</exception>
    public static void Check(IConfiguration configuration) => Load(configuration[Key]);

    /// <summary>Reads the authorities; null where none are configured.</summary>
    /// <exception cref="ConfigurationException">The file cannot be used.</exception>
    public static X509Certificate2Collection? Load(string? file)
    {
        if (file is null)
        {
            return null;
        }

        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ConfigurationException($"{Key} must name a file of certificates in PEM form: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        return certificates.Count > 0 ? certificates : throw new ConfigurationException($"{Key} holds no certificate in PEM form.");
    }

    /// <summary>Answers what is wrong with a certificate that the system does not believe; null where one of the authorities has signed it for this host.</summary>
    public static string? Problem(X509Certificate2 certificate, string host, X509Certificate2Collection? authorities, DateTimeOffset now)
    {
        if (authorities is null)
        {
            return $"The certificate of '{host}' is not trusted: it is for another name, or signed by nobody whom this machine knows. An authority of your own is named in {Key}.";
        }

        if (!certificate.MatchesHostname(host))
        {
            return $"The certificate of '{host}' is for another name: {certificate.Subject}.";
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(authorities);
        return chain.Build(certificate)
            ? null
            : $"The certificate of '{host}' is not trusted by {Key}: {string.Join(' ', chain.ChainStatus.Select(s => s.StatusInformation.Trim()).Distinct(StringComparer.Ordinal))}";
    }
}
