namespace Ascob.Backends.Rundeck;

/// <summary>Which of Rundeck's offsets belongs to which byte of the text, for one log, as far as it was read.</summary>
internal sealed class RundeckLogIndex
{
    private const int MostMarks = 4096;

    private readonly Lock _gate = new();
    private readonly List<(long Text, long Theirs)> _marks = [(0, 0)];

    /// <summary>Gets the length of the text; null before its end was seen.</summary>
    public long? End { get; private set; }

    /// <summary>Gets the status of the execution when its log was last read.</summary>
    public string? State { get; private set; }

    /// <summary>Gets or sets the execution in which the job goes on; null where none is known.</summary>
    public long? GoesOnIn { get; set; }

    /// <summary>Answers the last known place that is not behind a byte.</summary>
    public (long Text, long Theirs) Before(long offset)
    {
        lock (_gate)
        {
            int low = 0, high = _marks.Count - 1;
            while (low < high)
            {
                var middle = (low + high + 1) / 2;
                (low, high) = _marks[middle].Text <= offset ? (middle, high) : (low, middle - 1);
            }

            return _marks[low];
        }
    }

    /// <summary>Notes how far a page reaches.</summary>
    public void Note(long text, RundeckOutputPage page)
    {
        lock (_gate)
        {
            State = page.State ?? State;
            End = page.IsLast ? text : End;
            if (text <= _marks[^1].Text || page.Next <= _marks[^1].Theirs)
            {
                return;
            }

            if (_marks.Count == MostMarks)
            {
                for (var at = _marks.Count - 1; at > 0; at -= 2)
                {
                    _marks.RemoveAt(at);
                }
            }

            _marks.Add((text, page.Next));
        }
    }
}
