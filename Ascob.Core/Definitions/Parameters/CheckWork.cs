namespace Ascob.Core.Definitions.Parameters;

/// <summary>What one check of values may cost, whatever the schema and the values are. One for a whole check, never shared by two.</summary>
internal sealed class CheckWork
{
    /// <summary>What looking at a value by one schema costs.</summary>
    public const int Look = 20;

    // Some tens of nanoseconds each.
    private const long Most = 20_000_000;

    private long _left = Most;

    /// <summary>Takes work from what is left; ends the check where nothing is.</summary>
    public void Spend(long steps, string field)
    {
        _left -= steps;
        if (_left < 0)
        {
            throw new CheckEndedException(field, "is too much to check: the values are too many or too long for what this schema asks of them.");
        }
    }
}

/// <summary>Ends a check that cannot be done, whatever of its parts is being looked at: a schema inside <c>not</c> or <c>anyOf</c> must not take it for an answer. Becomes an error before it leaves.</summary>
internal sealed class CheckEndedException(string place, string problem) : Exception(problem)
{
    public string Field => place;
}
