using System.Globalization;
using Ascob.Core.Definitions;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Notifications;

/// <summary>
/// Notes in the timeline of a run of a definition that it takes longer than expected: longer than the definition says, or else half as long again as the longest of its last successful runs. Noted again each hour. Servers that look at
/// the same time note it once: the note is made only if nothing has happened to the run since its timeline was read.
/// </summary>
public sealed class LongRunWatch(INotificationStore store, IRunStore runs, IDefinitionStore definitions, RunUpdater updater, ServerIdentity server, MonotonicClock clock)
{
    private const int PageSize = 200;
    private const int Remembered = 20;

    // Of fewer nobody can say what is usual.
    private const int FewestRuns = 5;

    private static readonly TimeSpan Again = TimeSpan.FromHours(1);
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LeastExcess = TimeSpan.FromMinutes(1);

    private readonly Dictionary<long, (DateTimeOffset At, TimeSpan? Expected)> _expected = [];
    private Dictionary<long, DateTimeOffset> _noted = [];

    /// <summary>Looks at all runs once; answers how many were noted.</summary>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        var noted = 0;
        var seen = new Dictionary<long, DateTimeOffset>();
        IReadOnlyList<Run> page;
        long after = 0;
        do
        {
            page = await store.RunningAsync(after, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (var run in page)
            {
                after = run.Id;
                noted += await LookAsync(run, seen, cancellationToken).ConfigureAwait(false) ? 1 : 0;
            }
        }
        while (page.Count == PageSize);

        _noted = seen;
        return noted;
    }

    private async Task<bool> LookAsync(Run run, Dictionary<long, DateTimeOffset> seen, CancellationToken cancellationToken)
    {
        var now = clock.Now;
        if (_noted.TryGetValue(run.Id, out var last))
        {
            seen[run.Id] = last;
            if (now - last < Again)
            {
                return false;
            }
        }

        if (run is not { StartedAt: { } started, DefinitionId: { } definition }
            || await ExpectedAsync(definition, now, cancellationToken).ConfigureAwait(false) is not { } expected
            || now - started <= expected)
        {
            return false;
        }

        if (await LastNoteAsync(run.Id, cancellationToken).ConfigureAwait(false) is { } noted && now - noted < Again)
        {
            seen[run.Id] = noted;
            return false;
        }

        var took = now - started;
        var reason = string.Create(CultureInfo.InvariantCulture, $"takes longer than expected: {Words(took)} by now, expected {Words(expected)}");
        var data = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["expectedSeconds"] = ((long)expected.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            ["runningSeconds"] = ((long)took.TotalSeconds).ToString(CultureInfo.InvariantCulture),
        };
        var result = await updater.ApplyAsync(
            run,
            r => r.Version != run.Version ? null : RunLifecycle.Change(r, RunTrigger.Noted, now, server.Actor, reason, null, RunEventTypes.Longer, data),
            cancellationToken).ConfigureAwait(false);
        if (result.Applied)
        {
            seen[run.Id] = now;
        }

        // Otherwise something happened to it just now: the next look sees what.
        return result.Applied;
    }

    private async Task<TimeSpan?> ExpectedAsync(long definitionId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (_expected.TryGetValue(definitionId, out var known) && now - known.At < KnownFor)
        {
            return known.Expected;
        }

        TimeSpan? expected = null;
        if (await definitions.FindAsync(definitionId, cancellationToken).ConfigureAwait(false) is { } definition)
        {
            expected = definition.Content.ExpectedSeconds is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : OfHistory(await definitions.DurationsAsync(definitionId, Remembered, cancellationToken).ConfigureAwait(false));
        }

        if (_expected.Count > 10_000)
        {
            _expected.Clear();
        }

        _expected[definitionId] = (now, expected);
        return expected;
    }

    internal static TimeSpan? OfHistory(IReadOnlyList<TimeSpan> durations)
    {
        if (durations.Count < FewestRuns)
        {
            return null;
        }

        var longest = durations.Max();
        return longest + (longest / 2 > LeastExcess ? longest / 2 : LeastExcess);
    }

    private async Task<DateTimeOffset?> LastNoteAsync(long runId, CancellationToken cancellationToken)
    {
        DateTimeOffset? last = null;
        long after = 0;
        IReadOnlyList<RunEvent> page;
        do
        {
            page = await runs.EventsAsync(runId, after, 500, cancellationToken).ConfigureAwait(false);
            after = page.Count > 0 ? page[^1].Seq : after;
            last = page.LastOrDefault(e => e.Type == RunEventTypes.Longer)?.At ?? last;
        }
        while (page.Count == 500);

        return last;
    }

    private static string Words(TimeSpan span) => span.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h {span.Minutes} min")
        : span.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds} s") : string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.#} s");
}
