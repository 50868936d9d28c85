using System.Globalization;

namespace Ascob.Bench;

/// <summary>The command line: words first, then <c>--name value</c> or <c>--name</c>.</summary>
internal sealed class BenchArguments
{
    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly List<string> _words = [];

    public BenchArguments(IEnumerable<string> args)
    {
        string? open = null;
        foreach (var arg in args)
        {
            if (arg.StartsWith("--", StringComparison.Ordinal))
            {
                open = arg[2..];
                _options[open] = string.Empty;
            }
            else if (open is not null)
            {
                _options[open] = arg;
                open = null;
            }
            else
            {
                _words.Add(arg);
            }
        }
    }

    public IReadOnlyList<string> Words => _words;

    public bool Has(string name) => _options.ContainsKey(name);

    public string? Text(string name) => _options.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public int Number(string name, int otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new BenchException($"--{name} wants a whole number, not '{text}'.");
    }
}
