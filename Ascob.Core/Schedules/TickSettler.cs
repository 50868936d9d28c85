namespace Ascob.Core.Schedules;

/// <summary>Gathers outcomes of firings, so that many of them need few transactions.</summary>
internal sealed class TickSettler(IScheduleStore store, string owner)
{
    private const int SettledAtOnce = 50;

    private readonly Lock _gate = new();
    private List<TickOutcome> _outcomes = [];

    /// <summary>Adds an outcome; it is stored with others, or at once.</summary>
    public async Task AddAsync(TickOutcome outcome, bool atOnce, CancellationToken cancellationToken)
    {
        var full = false;
        lock (_gate)
        {
            _outcomes.Add(outcome);
            full = atOnce || _outcomes.Count >= SettledAtOnce;
        }

        if (full)
        {
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stores what is gathered.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        List<TickOutcome> outcomes;
        lock (_gate)
        {
            outcomes = _outcomes;
            _outcomes = [];
        }

        if (outcomes.Count > 0)
        {
            await store.SettleAsync(owner, outcomes, cancellationToken).ConfigureAwait(false);
        }
    }
}
