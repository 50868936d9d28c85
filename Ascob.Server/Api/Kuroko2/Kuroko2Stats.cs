namespace Ascob.Server.Api.Kuroko2;

/// <summary>Remembers the statistics for a moment: they are open to everybody, and however often they are asked for, the database counts once in it.</summary>
internal sealed class Kuroko2Stats(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<string, (long At, object Counts)> _known = new(StringComparer.Ordinal);

    /// <summary>Answers what was counted within the last five seconds, or counts.</summary>
    public async Task<object> GetAsync(string name, Func<CancellationToken, Task<object>> count, CancellationToken cancellationToken)
    {
        // One after the other, so that those who ask at once wait for one count.
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_known.TryGetValue(name, out var known) && time.GetElapsedTime(known.At) < Fresh)
            {
                return known.Counts;
            }

            var counts = await count(cancellationToken);
            _known[name] = (time.GetTimestamp(), counts);
            return counts;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
