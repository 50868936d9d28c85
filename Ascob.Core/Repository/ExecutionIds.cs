using System.Globalization;
using Ascob.Core.Runs;

namespace Ascob.Core.Repository;

/// <summary>
/// The names that runs have as executions: the second they were taken in since 1970, with a fraction whose first six digits are microseconds and whose others are the number of the run. Text, and unique: two runs of one
/// instant differ in their numbers. To be compared as text only, for no floating-point number holds that many digits.
/// </summary>
internal static class ExecutionIds
{
    private const int Microseconds = 6;

    /// <summary>Answers the name of a run.</summary>
    public static string Of(Run run) => Of(run.Id, run.DefinedAt);

    /// <summary>Answers the name of a run.</summary>
    public static string Of(long runId, DateTimeOffset definedAt)
    {
        var microseconds = (definedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000_000}.{microseconds % 1_000_000:D6}{runId}");
    }

    /// <summary>Reads the number of the run; whether the name is that run's is for <see cref="Of(Run)"/> to tell.</summary>
    public static bool TryReadRunId(string execution, out long runId)
    {
        var point = execution.IndexOf('.', StringComparison.Ordinal);
        runId = 0;
        return point is > 0 and < 20
            && execution.Length <= 60
            && execution.Length > point + 1 + Microseconds
            && long.TryParse(execution.AsSpan(point + 1 + Microseconds), NumberStyles.None, CultureInfo.InvariantCulture, out runId);
    }
}
