namespace Ascob.Bench.Load;

/// <summary>What a load came to.</summary>
/// <param name="Answered">Answers with the status that was wanted.</param>
/// <param name="Refused">Answers with another status.</param>
/// <param name="Seconds">The time it took.</param>
/// <param name="Latency">Latencies of all answers; at a fixed rate from the moment at which the request was due, not from the moment at which a connection was free for it.</param>
/// <param name="FirstRefusal">The status of the first unwanted answer; 0 for none.</param>
internal sealed record LoadResult(int Answered, int Refused, double Seconds, LatencySample Latency, int FirstRefusal)
{
    public double PerSecond => Answered / Seconds;

    public double P50 => Latency.Percentile(0.50);

    public double P99 => Latency.Percentile(0.99);

    public double Max => Latency.Percentile(1);

    /// <summary>Throws where not every answer was the wanted one: a rate of refusals is no figure.</summary>
    public LoadResult Clean(string what) => Refused == 0 && Answered > 0
        ? this
        : throw new BenchException($"{what}: {Refused} of {Answered + Refused} answers were not the wanted ones (first: HTTP {FirstRefusal}).");
}
