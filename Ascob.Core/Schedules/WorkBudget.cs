namespace Ascob.Core.Schedules;

/// <summary>
/// How much a question about firings may look at: one for each firing and one for each suspension that is asked about it, which are a microsecond or two. Counted and not timed, so that the same question
/// has the same answer on every machine.
/// </summary>
/// <param name="most">So much.</param>
/// <param name="whole">What it is a part of, so that it is taken from there too; null for nothing.</param>
internal sealed class WorkBudget(long most, WorkBudget? whole = null)
{
    /// <summary>What a person may ask for at once: a second or two.</summary>
    public const long OfAQuestion = 1_000_000;

    private long _spent;

    /// <summary>Gets whether there is none left, so that what was found is not all there is.</summary>
    public bool IsSpent => _spent > most;

    /// <summary>Gets whether nothing was taken yet.</summary>
    public bool IsUntouched => _spent == 0;

    /// <summary>Takes some of it; false where there is none left.</summary>
    public bool Spend(int units)
    {
        whole?.Spend(units);
        _spent += units;
        return _spent <= most;
    }
}
