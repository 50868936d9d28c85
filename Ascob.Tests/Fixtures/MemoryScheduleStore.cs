using Ascob.Core.Schedules;

namespace Ascob.Tests.Fixtures;

/// <summary>A schedule store in memory that keeps the same contract as those on databases, for simulations of millions of firings.</summary>
/// <param name="isActive">Whether a run is not final.</param>
internal sealed class MemoryScheduleStore(Func<long, bool>? isActive = null) : IScheduleStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Schedule> _schedules = [];
    private readonly Dictionary<long, Suspension> _suspensions = [];
    private readonly SortedSet<(DateTimeOffset NextAt, int Priority, long Id)> _due = [];
    private readonly Dictionary<long, SortedDictionary<DateTimeOffset, ScheduleTick>> _ticks = [];
    private readonly SortedSet<(DateTimeOffset LookAt, long Id, DateTimeOffset Tick)> _open = [];
    private long _lastId;

    public Task<SavedSchedule> AddAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (EqualTo(schedule) is { } equal)
            {
                return Task.FromResult(new SavedSchedule(null, equal));
            }

            var stored = schedule with { Id = ++_lastId };
            _schedules[stored.Id] = stored;
            _ticks[stored.Id] = [];
            return Task.FromResult(new SavedSchedule(Move(stored, retime(stored, SuspensionsOf(stored.DefinitionId))), null));
        }
    }

    public Task<SavedSchedule?> ReplaceAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (EqualTo(schedule) is { } equal && equal != schedule.Id)
            {
                return Task.FromResult<SavedSchedule?>(new SavedSchedule(null, equal));
            }

            if (_schedules.GetValueOrDefault(schedule.Id)?.Version != schedule.Version)
            {
                return Task.FromResult<SavedSchedule?>(null);
            }

            return Task.FromResult<SavedSchedule?>(new SavedSchedule(
                Move(schedule with { Version = schedule.Version + 1 }, retime(schedule, SuspensionsOf(schedule.DefinitionId))), null));
        }
    }

    public Task<bool> DeleteAsync(long scheduleId, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_schedules.TryGetValue(scheduleId, out var schedule))
            {
                return Task.FromResult(false);
            }

            Move(schedule, ScheduleCursor.End);
            _schedules.Remove(scheduleId);
            _ticks.Remove(scheduleId);
            _open.RemoveWhere(o => o.Id == scheduleId);
            return Task.FromResult(true);
        }
    }

    public async Task DeleteOfDefinitionAsync(long definitionId, CancellationToken cancellationToken)
    {
        foreach (var schedule in await ListAsync(definitionId, 0, int.MaxValue, cancellationToken))
        {
            await DeleteAsync(schedule.Id, cancellationToken);
        }

        lock (_gate)
        {
            foreach (var suspension in SuspensionsOf(definitionId))
            {
                _suspensions.Remove(suspension.Id);
            }
        }
    }

    public Task<Schedule?> FindAsync(long scheduleId, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_schedules.GetValueOrDefault(scheduleId));
        }
    }

    public Task<IReadOnlyList<Schedule>> ListAsync(long? definitionId, long afterId, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Schedule>>(
                [.. _schedules.Values.Where(s => s.Id > afterId && (definitionId is null || s.DefinitionId == definitionId)).OrderBy(s => s.Id).Take(limit)]);
        }
    }

    public Task<IReadOnlyList<Schedule>> ListAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Schedule>>([.. _schedules.Values.Where(s => definitionIds.Contains(s.DefinitionId)).OrderBy(s => s.Id)]);
        }
    }

    public Task<Suspension?> AddSuspensionAsync(Suspension suspension, Retime retime, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_suspensions.Values.Any(s => s.DefinitionId == suspension.DefinitionId && s.Fingerprint == suspension.Fingerprint))
            {
                return Task.FromResult<Suspension?>(null);
            }

            var stored = suspension with { Id = ++_lastId };
            _suspensions[stored.Id] = stored;
            RetimeAll(stored.DefinitionId, retime);
            return Task.FromResult<Suspension?>(stored);
        }
    }

    public Task<bool> DeleteSuspensionAsync(long definitionId, long suspensionId, Retime retime, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var deleted = _suspensions.GetValueOrDefault(suspensionId)?.DefinitionId == definitionId && _suspensions.Remove(suspensionId);
            RetimeAll(definitionId, retime);
            return Task.FromResult(deleted);
        }
    }

    public Task<IReadOnlyList<Suspension>> SuspensionsAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Suspension>>([.. _suspensions.Values.Where(s => definitionIds.Contains(s.DefinitionId)).OrderBy(s => s.Id)]);
        }
    }

    public Task<IReadOnlyList<ClaimedTick>> ClaimDueAsync(TickClaim claim, Func<Schedule, IReadOnlyList<Suspension>, SchedulePlan> plan, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var claimed = new List<ClaimedTick>();
            foreach (var (_, _, id) in _due.TakeWhile(d => d.NextAt <= claim.Now).Take(claim.Limit).ToList())
            {
                var schedule = _schedules[id];
                var planned = plan(schedule, SuspensionsOf(schedule.DefinitionId));
                foreach (var due in planned.Ticks)
                {
                    var missed = due.Missed > 0;
                    var tick = new ScheduleTick
                    {
                        ScheduleId = id,
                        Tick = due.Tick,
                        DueAt = due.DueAt,
                        State = missed ? TickState.Missed : TickState.Claimed,
                        Owner = claim.Owner,
                        LookAt = missed ? null : claim.LeaseUntil,
                        Attempts = 1,
                        Missed = due.Missed,
                        Reason = due.Reason,
                        ClaimedAt = claim.Now,
                        SettledAt = missed ? claim.Now : null,
                    };
                    if (_ticks[id].TryAdd(due.Tick, tick))
                    {
                        Open(null, tick);
                        claimed.Add(new ClaimedTick(schedule, tick));
                    }
                }

                Move(schedule, planned.Next);
            }

            return Task.FromResult<IReadOnlyList<ClaimedTick>>(claimed);
        }
    }

    public Task<IReadOnlyList<ClaimedTick>> ClaimOpenAsync(TickClaim claim, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var claimed = new List<ClaimedTick>();
            foreach (var (_, id, at) in _open.TakeWhile(o => o.LookAt <= claim.Now).Take(claim.Limit).ToList())
            {
                var before = _ticks[id][at];
                var tick = before with { Owner = claim.Owner, LookAt = claim.LeaseUntil, Attempts = before.Attempts + 1 };
                Open(before, tick);
                claimed.Add(new ClaimedTick(_schedules[id], tick));
            }

            return Task.FromResult<IReadOnlyList<ClaimedTick>>(claimed);
        }
    }

    public Task SettleAsync(string owner, IReadOnlyList<TickOutcome> outcomes, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var outcome in outcomes)
            {
                if (_ticks.GetValueOrDefault(outcome.ScheduleId)?.GetValueOrDefault(outcome.Tick) is { LookAt: not null } before && before.Owner == owner)
                {
                    Open(before, before with
                    {
                        State = outcome.State,
                        RunId = outcome.RunId,
                        Reason = outcome.Reason,
                        LookAt = outcome.LookAt,
                        SettledAt = outcome.LookAt is null ? outcome.At : null,
                    });
                }
            }
        }

        return Task.CompletedTask;
    }

    public Task<ScheduleTick?> FindActiveBeforeAsync(long scheduleId, DateTimeOffset tick, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var before = _ticks[scheduleId].Values.TakeWhile(t => t.Tick < tick).Reverse().ToList();
            return Task.FromResult(before.Find(t => t.LookAt is not null) ?? before.Find(t => t.RunId is { } run && isActive?.Invoke(run) == true));
        }
    }

    public Task<DateTimeOffset?> NextLookAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            DateTimeOffset? due = _due.Count > 0 ? _due.Min.NextAt : null;
            DateTimeOffset? open = _open.Count > 0 ? _open.Min.LookAt : null;
            return Task.FromResult(open is null || due < open ? due : open);
        }
    }

    public Task<IReadOnlyList<ScheduleTick>> TicksAsync(long scheduleId, DateTimeOffset? before, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<ScheduleTick>>(
                [.. (_ticks.GetValueOrDefault(scheduleId)?.Values ?? Enumerable.Empty<ScheduleTick>()).Where(t => !(t.Tick >= before)).Reverse().Take(limit)]);
        }
    }

    public Task<int> DeleteTicksAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var deleted = 0;
            foreach (var ticks in _ticks.Values)
            {
                foreach (var old in ticks.Values.TakeWhile(t => t.Tick < before).Where(t => t.LookAt is null && !(t.RunId is { } run && isActive?.Invoke(run) == true)).Take(limit - deleted).ToList())
                {
                    ticks.Remove(old.Tick);
                    deleted++;
                }
            }

            return Task.FromResult(deleted);
        }
    }

    private long? EqualTo(Schedule schedule) => _schedules.Values.FirstOrDefault(s => s.DefinitionId == schedule.DefinitionId && s.Fingerprint == schedule.Fingerprint)?.Id;

    private List<Suspension> SuspensionsOf(long definitionId) => _suspensions.Count == 0 ? [] : [.. _suspensions.Values.Where(s => s.DefinitionId == definitionId).OrderBy(s => s.Id)];

    private void RetimeAll(long definitionId, Retime retime)
    {
        foreach (var schedule in _schedules.Values.Where(s => s.DefinitionId == definitionId).ToList())
        {
            Move(schedule, retime(schedule, SuspensionsOf(definitionId)));
        }
    }

    private Schedule Move(Schedule schedule, ScheduleCursor cursor)
    {
        if (_schedules[schedule.Id] is { NextAt: { } before, Spec.Priority: var priority })
        {
            _due.Remove((before, priority, schedule.Id));
        }

        var moved = schedule with { NextTick = cursor.NextTick, NextAt = cursor.NextAt };
        _schedules[moved.Id] = moved;
        if (moved.NextAt is { } next)
        {
            _due.Add((next, moved.Spec.Priority, moved.Id));
        }

        return moved;
    }

    private void Open(ScheduleTick? before, ScheduleTick after)
    {
        if (before?.LookAt is { } old)
        {
            _open.Remove((old, before.ScheduleId, before.Tick));
        }

        _ticks[after.ScheduleId][after.Tick] = after;
        if (after.LookAt is { } look)
        {
            _open.Add((look, after.ScheduleId, after.Tick));
        }
    }
}
