using System.Globalization;

namespace Ascob.Bench.Figures;

/// <summary>One line of the table.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Unit">The unit of the values.</param>
/// <param name="Values">One value for each repetition.</param>
/// <param name="Goal">What is wanted.</param>
/// <param name="Baseline">What it is held against; null for nothing.</param>
/// <param name="Baselines">The baseline of the same repetitions.</param>
internal sealed record Figure(string Name, string Unit, IReadOnlyList<double> Values, Goal Goal, string? Baseline = null, IReadOnlyList<double>? Baselines = null)
{
    public double Median => MedianOf(Values);

    /// <summary>Gets the median of the ratios inside each repetition, which noise that lasts longer than a repetition cannot bend.</summary>
    public double? Ratio => Baselines is null ? null : MedianOf([.. Values.Zip(Baselines, (v, b) => v / b)]);

    public bool? IsMet => Goal.IsMet(Median, Ratio);

    public IReadOnlyList<string> Cells() =>
    [
        Name,
        $"{Short(Median)} {Unit} ({Short(Values.Min())}-{Short(Values.Max())})",
        Baseline is null ? "-" : $"{Baseline}: {Short(MedianOf(Baselines!))}",
        Ratio is { } ratio ? Short(ratio) : "-",
        Goal.ToString(),
        IsMet switch { true => "pass", false => "MISS", null => "-" },
    ];

    private static double MedianOf(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Short(double value) => value switch
    {
        >= 1000 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}

/// <summary>A bar that a figure is held to.</summary>
internal sealed record Goal
{
    private readonly double? _leastRatio;
    private readonly double? _mostValue;
    private readonly string _unit = string.Empty;

    private Goal(double? leastRatio, double? mostValue, string unit)
    {
        _leastRatio = leastRatio;
        _mostValue = mostValue;
        _unit = unit;
    }

    /// <summary>Gets the goal of a figure that is only told.</summary>
    public static Goal None { get; } = new(null, null, string.Empty);

    public static Goal RatioAtLeast(double ratio) => new(ratio, null, string.Empty);

    public static Goal AtMost(double value, string unit) => new(null, value, unit);

    public bool? IsMet(double value, double? ratio) => this switch
    {
        { _leastRatio: { } least } => ratio >= least,
        { _mostValue: { } most } => value <= most,
        _ => null,
    };

    public override string ToString() => this switch
    {
        { _leastRatio: { } least } => string.Create(CultureInfo.InvariantCulture, $">= {least} x"),
        { _mostValue: { } most } => string.Create(CultureInfo.InvariantCulture, $"<= {most} {_unit}"),
        _ => "-",
    };
}
