namespace Ascob.Bench.Figures;

/// <summary>Values by name, one for each repetition.</summary>
internal sealed class Series
{
    private readonly Dictionary<string, List<double>> _values = new(StringComparer.Ordinal);

    public IReadOnlyList<double> this[string name] => _values[name];

    public bool Has(string name) => _values.ContainsKey(name);

    public void Add(string name, double value)
    {
        if (!_values.TryGetValue(name, out var values))
        {
            _values[name] = values = [];
        }

        values.Add(value);
    }
}
