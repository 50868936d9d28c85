using Ascob.Server.Configuration;

namespace Ascob.Tests.Docs;

public sealed class ConfigurationDocumentTests
{
    // A worker has the settings of a backend.
    private static readonly string[] BackendPrefixes = ["Ascob:Backends:<id>:", "Ascob:Worker:"];

    public static TheoryData<string> Settings() => [.. Paths(KnownSettings.Root, string.Empty)];

    [Theory]
    [MemberData(nameof(Settings))]
    public void Setting_IsDocumented(string path)
    {
        var page = Repository.Read("docs", "configuration.md");

        // Several keys of one section may share a row: `Ascob:Locks:Consul:Url`, `:Token`. Those of a backend stand without their prefix.
        var last = path[(path.LastIndexOf(':') + 1)..];
        Assert.True(
            page.Contains($"`{path}`", StringComparison.Ordinal)
            || page.Contains($"`:{last}`", StringComparison.Ordinal)
            || BackendPrefixes.Any(p => path.StartsWith(p, StringComparison.Ordinal) && page.Contains($"`{path[p.Length..]}", StringComparison.Ordinal)),
            $"{path} is not in docs/configuration.md");
    }

    private static IEnumerable<string> Paths(SettingNode node, string below)
    {
        var prefix = below.Length == 0 ? "Ascob:" : below + ":";
        foreach (var (name, part) in node.Parts)
        {
            if (part.Parts.Count == 0 && part.Each is null)
            {
                yield return prefix + name;
            }

            foreach (var path in Paths(part, prefix + name))
            {
                yield return path;
            }
        }

        if (node.Each is { Parts.Count: > 0 } each)
        {
            foreach (var path in Paths(each, prefix + "<id>"))
            {
                yield return path;
            }
        }
        else if (node.Each is not null)
        {
            yield return below;
        }
    }
}
