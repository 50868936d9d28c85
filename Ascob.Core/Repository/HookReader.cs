using Ascob.Core.Notifications;

namespace Ascob.Core.Repository;

/// <summary>Reads which addresses are told of which events.</summary>
/// <param name="read">Notes what is wrong.</param>
/// <param name="path">The file.</param>
/// <param name="isInside">Answers whether a host is inside the house, where no messages go; null where nobody can tell.</param>
internal sealed class HookReader(NodeReader read, string path, Func<string, bool>? isInside)
{
    private const int MostAddresses = 20;
    private const int MostEvents = 50;

    private readonly NodeReader _unserved = new(path);

    /// <summary>Gets which hooks are not served as things are; the file is good all the same, for an operator may allow them.</summary>
    public IReadOnlyList<FileError> Warnings => _unserved.Errors;

    /// <summary>Reads a mapping of events to addresses.</summary>
    public Dictionary<string, IReadOnlyList<string>> Read(MapEntry entry)
    {
        var hooks = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var entries = read.Map(entry)?.Entries ?? [];
        if (entries.Count > MostEvents)
        {
            read.Add(entry.Line, $"There are hooks for at most {MostEvents} events; here are {entries.Count}.");
            return hooks;
        }

        foreach (var one in entries)
        {
            if (one.Key != OverseerWords.All && !JobNames.System.Contains(one.Key) && JobNames.EventProblem(one.Key) is { } wrong)
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
            if (item is not ScalarNode { Text: { } text } || !SubscriptionRules.TryUrl(text, out var url))
            {
                read.Add(item.Line, "A hook is an address that begins with http:// or https://, without user and fragment.");
                continue;
            }

            if (isInside?.Invoke(url.IdnHost) == true)
            {
                _unserved.Add(item.Line, "This hook is not served: its address is inside the house. An operator can allow it: Ascob:Notifications:AllowedInternal.");
            }

            addresses.Add(text);
        }

        if (items.Count > MostAddresses)
        {
            read.Add(entry.Line, $"An event has at most {MostAddresses} hooks.");
        }

        return addresses;
    }
}
