using System.Text.RegularExpressions;
using Ascob.Server.Configuration;

namespace Ascob.Tests.Docs;

public sealed partial class ComposeTests
{
    private static readonly string Compose = Repository.Read("docs", "deploy", "compose.yml");

    public static TheoryData<string> Settings() => [.. SettingName().Matches(Compose).Select(m => m.Value).Distinct()];

    [Theory]
    [MemberData(nameof(Settings))]
    public void Setting_OfTheExample_IsOneThatTheServerKnows(string variable)
    {
        var node = KnownSettings.Root;
        foreach (var name in variable.Split("__").Skip(1))
        {
            node = node.Parts.TryGetValue(name, out var part) ? part : node.Each ?? throw new ArgumentException($"{variable}: there is no setting '{name}'.");
        }

        Assert.NotNull(node.ValueRule);
    }

    [Fact]
    public void Servers_OfTheExample_AreThoseBehindTheProxyAndDifferInWhatMustDiffer()
    {
        var servers = ServerName().Matches(Compose).Select(m => m.Groups[1].Value).ToList();
        var proxied = ProxiedServer().Matches(Repository.Read("docs", "deploy", "haproxy.cfg")).Select(m => m.Groups[1].Value).ToList();

        Assert.Equal(3, servers.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(servers, proxied);
        Assert.All(servers, s => Assert.Contains($"volumes: [\"{s}:/data\"]", Compose, StringComparison.Ordinal));
    }

    [Fact]
    public void Secrets_OfTheExample_ComeFromOutside() =>
        Assert.All(
            SecretValue().Matches(Compose).Select(m => m.Groups[2].Value),
            value => Assert.StartsWith("${", value, StringComparison.Ordinal));

    [GeneratedRegex("Ascob__[A-Za-z_]+")]
    private static partial Regex SettingName();

    [GeneratedRegex("Ascob__ServerName: ([a-z0-9-]+)")]
    private static partial Regex ServerName();

    [GeneratedRegex(@"^\s+server ([a-z0-9-]+) ", RegexOptions.Multiline)]
    private static partial Regex ProxiedServer();

    [GeneratedRegex("(EncryptionKey|RootToken|POSTGRES_PASSWORD): (.+)")]
    private static partial Regex SecretValue();
}
