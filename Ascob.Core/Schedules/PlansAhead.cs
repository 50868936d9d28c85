using System.Collections.Concurrent;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Schedules;

/// <summary>
/// What is due of schedules that take long to look through, computed while nobody waits and no row is locked, one after the other. A plan is used if nothing it was made from has changed.
/// </summary>
internal sealed class PlansAhead(SchedulePlanner planner, ScheduleSignal signal, MonotonicClock clock, ILogger logger) : IDisposable
{
    // Older ones would take for punctual what is late by now.
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly ConcurrentDictionary<long, Entry> _entries = new();

    /// <summary>Takes the plan of a schedule; null where there is none yet, or none any more that fits.</summary>
    public SchedulePlan? Take(Schedule schedule, IReadOnlyList<Suspension> suspensions)
    {
        if (!_entries.TryGetValue(schedule.Id, out var entry) || entry.Plan is not { } plan)
        {
            return null;
        }

        _entries.TryRemove(schedule.Id, out _);
        return entry.MadeFrom == InputsOf(schedule, suspensions) && clock.Now - entry.MadeAt < KeptFor ? plan : null;
    }

    /// <summary>Answers whether the plan of a schedule is being computed.</summary>
    public bool IsUnderWay(long scheduleId) => _entries.TryGetValue(scheduleId, out var entry) && entry.Plan is null;

    /// <summary>Begins to compute the plan of a schedule, unless that is being done.</summary>
    public void Begin(Schedule schedule, IReadOnlyList<Suspension> suspensions)
    {
        var entry = new Entry(InputsOf(schedule, suspensions));
        if (_entries.TryAdd(schedule.Id, entry))
        {
            _ = Task.Run(() => ComputeAsync(schedule, suspensions, entry));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task ComputeAsync(Schedule schedule, IReadOnlyList<Suspension> suspensions, Entry entry)
    {
        try
        {
            await _one.WaitAsync().ConfigureAwait(false);
            try
            {
                var begun = clock.Time.GetTimestamp();
                var plan = planner.Plan(schedule, suspensions, clock.Now);
                _entries[schedule.Id] = entry with { Plan = plan, MadeAt = clock.Now };
                logger.LogInformation("The firings of schedule {ScheduleId} took {Elapsed} to look through", schedule.Id, clock.Time.GetElapsedTime(begun));
            }
            finally
            {
                _one.Release();
            }

            signal.Changed();
        }
        catch (ObjectDisposedException)
        {
            // The server stops.
        }
#pragma warning disable CA1031 // It is begun again when the schedule is looked at next.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _entries.TryRemove(schedule.Id, out _);
            logger.LogError(e, "The firings of schedule {ScheduleId} cannot be computed", schedule.Id);
        }
    }

    // A suspension never changes: it comes and goes.
    private static string InputsOf(Schedule schedule, IReadOnlyList<Suspension> suspensions) =>
        FormattableString.Invariant($"{schedule.Version} {schedule.NextTick?.UtcTicks} {string.Join(',', suspensions.Select(s => s.Id))}");

    private sealed record Entry(string MadeFrom)
    {
        public SchedulePlan? Plan { get; init; }

        public DateTimeOffset MadeAt { get; init; }
    }
}
