using System.Net;

namespace Ascob.Server.Configuration;

/// <summary>Where the server will listen, as far as the configuration tells.</summary>
internal static class ListenAddresses
{
    public const string Default = "http://localhost:8081";

    /// <summary>Answers whether any address is configured, in whichever of ASP.NET Core's ways.</summary>
    public static bool AreConfigured(IConfiguration configuration) =>
        !string.IsNullOrWhiteSpace(configuration["urls"])
        || !string.IsNullOrWhiteSpace(configuration["http_ports"])
        || !string.IsNullOrWhiteSpace(configuration["https_ports"])
        || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

    /// <summary>Answers whether only this host can reach the server.</summary>
    public static bool AreLoopback(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => e["Url"] ?? string.Empty).ToList();
        if (endpoints.Count > 0)
        {
            return endpoints.All(IsLoopback);
        }

        if (configuration["urls"] is { Length: > 0 } urls)
        {
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).All(IsLoopback);
        }

        return !AreConfigured(configuration);
    }

    private static bool IsLoopback(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address)
        && (address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip)));
}
