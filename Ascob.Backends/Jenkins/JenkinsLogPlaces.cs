namespace Ascob.Backends.Jenkins;

/// <summary>A place in a log: how far it is in what people read, and how far in Jenkins' file.</summary>
/// <param name="Clean">The offset in what people read.</param>
/// <param name="Raw">The offset in Jenkins' file.</param>
/// <param name="State">What has begun there and not ended.</param>
/// <param name="Before">
/// What came over the wire just before; null where Jenkins itself told the place. A place within an answer is worked out (each carriage return is one that Jenkins put in) and is believed only when this comes again.
/// </param>
internal sealed record JenkinsLogPlace(long Clean, long Raw, JenkinsLogState State, byte[]? Before)
{
    public static JenkinsLogPlace Start { get; } = new(0, 0, default, null);
}

/// <summary>
/// The places of one log from which it can be read on. Only saves reading from the start: without any of them the answer is the same.
/// </summary>
internal sealed class JenkinsLogPlaces
{
    private readonly Lock _gate = new();
    private readonly SortedList<long, JenkinsLogPlace> _places = [];
    private long _size;

    /// <summary>Gets whether places within answers can be worked out for this log.</summary>
    public bool CanWorkOut { get; private set; } = true;

    /// <summary>Answers the last place that is not beyond an offset.</summary>
    public JenkinsLogPlace Before(long clean)
    {
        lock (_gate)
        {
            int low = 0, high = _places.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _places.GetKeyAtIndex(middle) <= clean ? (middle + 1, high) : (low, middle);
            }

            return low == 0 ? JenkinsLogPlace.Start : _places.GetValueAtIndex(low - 1);
        }
    }

    public void Add(JenkinsLogPlace place)
    {
        lock (_gate)
        {
            if (place.Before is null || (CanWorkOut && !_places.ContainsKey(place.Clean)))
            {
                _places[place.Clean] = place;
            }
        }
    }

    /// <summary>Notes how large the log is; forgets everything when it has become smaller, because then it is another one. Answers whether it is still the same.</summary>
    public bool IsSameAt(long size)
    {
        lock (_gate)
        {
            var same = size >= _size;
            if (!same)
            {
                _places.Clear();
            }

            _size = size;
            return same;
        }
    }

    /// <summary>Forgets what was worked out: this log is written in another way.</summary>
    public void Distrust()
    {
        lock (_gate)
        {
            CanWorkOut = false;
            foreach (var place in _places.Values.Where(p => p.Before is not null).ToList())
            {
                _places.Remove(place.Clean);
            }
        }
    }
}
