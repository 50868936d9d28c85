namespace Ascob.Bench.Load;

/// <summary>Durations in milliseconds, and what is said about them.</summary>
internal sealed class LatencySample
{
    private readonly List<double> _values = [];
    private bool _sorted;

    public int Count => _values.Count;

    public void Add(double milliseconds)
    {
        _values.Add(milliseconds);
        _sorted = false;
    }

    /// <summary>Answers the smallest value that at least this share of the values does not exceed.</summary>
    public double Percentile(double share)
    {
        if (_values.Count == 0)
        {
            return double.NaN;
        }

        if (!_sorted)
        {
            _values.Sort();
            _sorted = true;
        }

        return _values[Math.Clamp((int)Math.Ceiling(share * _values.Count) - 1, 0, _values.Count - 1)];
    }
}
