using System.Collections.Concurrent;
using Ascob.Core.Runs;

namespace Ascob.Core.Monitoring;

/// <summary>
/// What this process knows of runs at their backends: the last snapshot by marker, so that a hint of a change needs no look into the store. Losing it costs time only. A hint that
/// comes before the submission's answer was stored is remembered.
/// </summary>
public sealed class RunTracker
{
    private readonly ConcurrentDictionary<string, Entry> _byMarker = new(StringComparer.Ordinal);

    /// <summary>Gets how many runs are tracked.</summary>
    public int Count => _byMarker.Count;

    /// <summary>Gets the runs that are tracked and known to be at their backend.</summary>
    public IEnumerable<Run> Runs => _byMarker.Select(m => m.Value).Where(e => !e.Pending).Select(e => e.Run);

    /// <summary>Notes that a submission is about to leave.</summary>
    public void Expect(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _byMarker[run.Marker] = new Entry(run) { Pending = true };
    }

    /// <summary>Notes the run as it was stored; true where a hint came while its answer was awaited.</summary>
    public bool Track(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Status.IsFinal())
        {
            Forget(run);
            return false;
        }

        var hinted = _byMarker.TryGetValue(run.Marker, out var old) && old.TakeHint();
        _byMarker[run.Marker] = new Entry(run);

        // A hint that came between the two lines above was noted on the old entry.
        return hinted || (old?.TakeHint() ?? false);
    }

    /// <summary>Drops a run.</summary>
    public void Forget(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _byMarker.TryRemove(run.Marker, out _);
    }

    /// <summary>Answers the run behind a hint; null where it is unknown here or its submission has not been answered yet (then the hint is kept).</summary>
    public Run? Hinted(string marker)
    {
        if (!_byMarker.TryGetValue(marker, out var entry))
        {
            return null;
        }

        if (!entry.Pending)
        {
            return entry.Run;
        }

        entry.Hint();
        return _byMarker.TryGetValue(marker, out var now) && !now.Pending && entry.TakeHint() ? now.Run : null;
    }

    private sealed class Entry(Run run)
    {
        private int _hint;

        public Run Run { get; } = run;

        public bool Pending { get; init; }

        public void Hint() => Volatile.Write(ref _hint, 1);

        public bool TakeHint() => Interlocked.Exchange(ref _hint, 0) == 1;
    }
}
