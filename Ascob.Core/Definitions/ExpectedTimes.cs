using System.Collections.Concurrent;
using System.Globalization;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Definitions;

/// <summary>
/// Tells, once for each run, that a run of a definition takes longer than expected: than the definition says, or else than what is usual by its own history. The run goes on. Any number of servers may look
/// at once: what decides is the run's version, which the event of another would have changed.
/// </summary>
public sealed class ExpectedTimes(IDefinitionStore definitions, IRunStore runs, RunUpdater updater, ServerIdentity server, MonotonicClock clock, ILogger<ExpectedTimes> logger)
{
    /// <summary>How many of the newest good runs tell what is usual.</summary>
    public const int History = 50;

    /// <summary>With fewer good runs nobody can say what is usual.</summary>
    public const int LeastHistory = 5;

    /// <summary>How much longer than nearly all of them (19 of 20) a run takes before it is unusual.</summary>
    public const double Factor = 1.5;

    /// <summary>Below this nothing is long.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(30);

    private const int Page = 500;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<long, (Expectation? Value, long At)> _expectations = new();
    private HashSet<long> _told = [];
    private long? _looked;

    /// <summary>Answers how long runs of a definition are expected to take; null where nothing tells.</summary>
    public async Task<Expectation?> OfAsync(long definitionId, CancellationToken cancellationToken)
    {
        if (_expectations.TryGetValue(definitionId, out var kept) && clock.Time.GetElapsedTime(kept.At) < KeptFor)
        {
            return kept.Value;
        }

        var definition = await definitions.FindAsync(definitionId, cancellationToken).ConfigureAwait(false);
        var expectation = definition is null ? null
            : definition.Content.ExpectedSeconds is { } seconds ? new Expectation(TimeSpan.FromSeconds(seconds), IsUsual: false)
            : Usual(await definitions.DurationsAsync(definitionId, History, cancellationToken).ConfigureAwait(false));
        _expectations[definitionId] = (expectation, clock.Time.GetTimestamp());
        return expectation;
    }

    /// <summary>Looks for runs of definitions that are under way for longer than expected, unless it has just done so; answers how many it has told of.</summary>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        if (_looked is { } last && clock.Time.GetElapsedTime(last) < Pause)
        {
            return 0;
        }

        _looked = clock.Time.GetTimestamp();
        var told = new HashSet<long>();
        var events = 0;
        foreach (var (definitionId, since) in await definitions.RunningAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await OfAsync(definitionId, cancellationToken).ConfigureAwait(false) is { } expected && clock.Now - since > expected.Time)
            {
                events += await LookAtAsync(definitionId, expected, told, cancellationToken).ConfigureAwait(false);
            }
        }

        // Those that ended need not be remembered.
        _told = told;
        return events;
    }

    private async Task<int> LookAtAsync(long definitionId, Expectation expected, HashSet<long> told, CancellationToken cancellationToken)
    {
        var (since, after, events) = (clock.Now - expected.Time, 0L, 0);
        while (await definitions.RunningSinceAsync(definitionId, since, after, Page, cancellationToken).ConfigureAwait(false) is { Count: > 0 } page)
        {
            foreach (var runId in page)
            {
                var outcome = _told.Contains(runId) ? false : await TellAsync(runId, expected, cancellationToken).ConfigureAwait(false);
                events += outcome == true ? 1 : 0;
                if (outcome is not null)
                {
                    told.Add(runId);
                }
            }

            after = page[^1];
        }

        return events;
    }

    /// <summary>Answers what is usual by the times that good runs took; null where they are too few.</summary>
    public static Expectation? Usual(IReadOnlyList<TimeSpan> durations)
    {
        ArgumentNullException.ThrowIfNull(durations);
        if (durations.Count < LeastHistory)
        {
            return null;
        }

        var sorted = durations.Order().ToList();
        var nearlyAll = sorted[(int)Math.Ceiling(sorted.Count * 0.95) - 1] * Factor;
        return new Expectation(nearlyAll > Shortest ? nearlyAll : Shortest, IsUsual: true);
    }

    private async Task<bool?> TellAsync(long runId, Expectation expected, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(runId, cancellationToken).ConfigureAwait(false) is not { } run || run.Status.IsFinal())
        {
            return false;
        }

        // Read after the run: an event that another server adds meanwhile is behind this version, and then the change does not fit any more.
        if (await WasToldAsync(runId, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var seconds = Math.Round(expected.Time.TotalSeconds, 1).ToString(CultureInfo.InvariantCulture);
        var data = new Dictionary<string, string>(StringComparer.Ordinal) { ["expectedSeconds"] = seconds, ["by"] = expected.IsUsual ? "history" : "definition" };
        var result = await updater.ApplyAsync(
            run,
            r => r.Version != run.Version ? null : RunLifecycle.Change(r, RunTrigger.Noted, clock.Now, server.Actor, $"takes longer than {(expected.IsUsual ? "usual" : "expected")} ({seconds} s)", eventType: RunEventTypes.Longer, data: data),
            cancellationToken).ConfigureAwait(false);
        if (!result.Applied)
        {
            // Something else changed the run in between; the next look tries again.
            return null;
        }

        logger.LogInformation("Run {RunId} of definition {Definition} takes longer than {Seconds} s", runId, run.DefinitionName, seconds);
        return true;
    }

    private async Task<bool> WasToldAsync(long runId, CancellationToken cancellationToken)
    {
        var after = 0L;
        while (true)
        {
            var page = await runs.EventsAsync(runId, after, 500, cancellationToken).ConfigureAwait(false);
            if (page.Any(e => e.Type == RunEventTypes.Longer))
            {
                return true;
            }

            if (page.Count == 0)
            {
                return false;
            }

            after = page[^1].Seq;
        }
    }
}

/// <summary>How long a run is expected to take.</summary>
/// <param name="Time">So long.</param>
/// <param name="IsUsual">Whether the history tells, and not the definition.</param>
public sealed record Expectation(TimeSpan Time, bool IsUsual);
