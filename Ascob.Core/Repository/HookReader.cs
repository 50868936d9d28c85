namespace Ascob.Core.Repository;

/// <summary>Reads which addresses are told of which events.</summary>
internal sealed class HookReader(NodeReader read)
{
    private const int MostAddresses = 20;
    private const int LongestAddress = 2000;

    /// <summary>Reads a mapping of events to addresses.</summary>
    public Dictionary<string, IReadOnlyList<string>> Read(MapEntry entry)
    {
        var hooks = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var one in read.Map(entry)?.Entries ?? [])
        {
            if (one.Key != "*" && !JobNames.System.Contains(one.Key) && JobNames.EventProblem(one.Key) is { } wrong)
            {
                read.Add(one.Line, wrong);
                continue;
            }

            hooks[one.Key] = ReadAddresses(one);
        }

        return hooks;
    }

    private List<string> ReadAddresses(MapEntry entry)
    {
        var addresses = new List<string>();
        var items = NodeReader.List(entry);
        foreach (var item in items.Take(MostAddresses))
        {
            if (item is ScalarNode { Text: { Length: <= LongestAddress } text }
                && Uri.TryCreate(text, UriKind.Absolute, out var url)
                && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps))
            {
                addresses.Add(text);
            }
            else
            {
                read.Add(item.Line, "A hook is an address that begins with http:// or https://.");
            }
        }

        if (items.Count > MostAddresses)
        {
            read.Add(entry.Line, $"An event has at most {MostAddresses} hooks.");
        }

        return addresses;
    }
}
