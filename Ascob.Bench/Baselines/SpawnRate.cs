using System.Diagnostics;

namespace Ascob.Bench.Baselines;

/// <summary>How many processes .NET itself starts and reads to their end.</summary>
internal static class SpawnRate
{
    private const int Parallel = 8;

    /// <summary>Answers <c>sh -c true</c> per second, output and error redirected and read, eight at once.</summary>
    public static async Task<double> MeasureAsync(int count, CancellationToken cancellationToken)
    {
        var left = count;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Run(
            async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await OneAsync(cancellationToken);
                }
            },
            cancellationToken)));
        return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task OneAsync(CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "true"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
    }
}
