using System.Globalization;
using Ascob.Core.Errors;
using Ascob.Core.Timing;

namespace Ascob.Core.Schedules;

/// <summary>
/// The use cases of schedules, for every door. Whether the caller may change the definition is checked at the door. Changing a schedule or a suspension never fires the past.
/// </summary>
public sealed partial class ScheduleService(IScheduleStore store, ScheduleSignal signal, MonotonicClock clock)
{
    /// <summary>The most schedules, and the most suspensions, of one definition.</summary>
    public const int MostOfDefinition = 100;

    /// <summary>Adds a schedule to a definition.</summary>
    public async Task<Result<Schedule>> AddAsync(long definitionId, ScheduleSpec spec, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var all = await store.ListAsync(definitionId, 0, MostOfDefinition, cancellationToken).ConfigureAwait(false);
        return all.Count >= MostOfDefinition
            ? TooMany("schedules")
            : await CheckAsync(definitionId, spec, cancellationToken).ConfigureAwait(false) ?? await StoreAsync(definitionId, spec, actor, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Replaces a schedule.</summary>
    /// <param name="definitionId">Its definition.</param>
    /// <param name="scheduleId">The schedule.</param>
    /// <param name="spec">All of it anew.</param>
    /// <param name="version">The version that the change was made from; null for whichever there is.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<Schedule>> ReplaceAsync(long definitionId, long scheduleId, ScheduleSpec spec, int? version, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var found = await FindAsync(definitionId, scheduleId, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found.Error;
        }

        var before = found.Value;
        if (version is { } expected && expected != before.Version)
        {
            return Changed(scheduleId);
        }

        if (spec is { EverySeconds: not null, Cron: null, StartAt: null } && spec.EverySeconds == before.Spec.EverySeconds)
        {
            // The beat it has goes on.
            spec = spec with { StartAt = before.Spec.StartAt };
        }

        var sameTimes = spec.Enabled && before.Spec.Enabled && ScheduleFingerprint.SameTimes(spec, before.Spec);
        if (await CheckAsync(definitionId, spec, cancellationToken, mayBeOver: sameTimes && before.NextTick is null).ConfigureAwait(false) is { } refused)
        {
            return refused;
        }

        var now = clock.Now;
        var after = before with { Spec = Started(spec, now), Fingerprint = ScheduleFingerprint.Of(spec), UpdatedAt = now, ChangedBy = actor };
        var saved = await store.ReplaceAsync(
            after,
            (schedule, suspensions) => sameTimes ? SchedulePlanner.Resumed(schedule, suspensions, now) : SchedulePlanner.From(schedule, suspensions, now),
            cancellationToken).ConfigureAwait(false);
        return saved is null ? Changed(scheduleId) : Answer(saved, spec);
    }

    /// <summary>Deletes a schedule with the record of its firings.</summary>
    public async Task<Error?> DeleteAsync(long definitionId, long scheduleId, CancellationToken cancellationToken)
    {
        var found = await FindAsync(definitionId, scheduleId, cancellationToken).ConfigureAwait(false);
        return !found.IsSuccess ? found.Error : await store.DeleteAsync(scheduleId, cancellationToken).ConfigureAwait(false) ? null : NoSchedule(scheduleId);
    }

    /// <summary>Reads a schedule of a definition.</summary>
    public async Task<Result<Schedule>> FindAsync(long definitionId, long scheduleId, CancellationToken cancellationToken) =>
        await store.FindAsync(scheduleId, cancellationToken).ConfigureAwait(false) is { } found && found.DefinitionId == definitionId ? found : NoSchedule(scheduleId);

    /// <summary>
    /// Gives a definition exactly these schedules, as whoever keeps them elsewhere (a repository, another interface) has them: equal ones stay and keep their beat, others go, new ones come. Refused as a
    /// whole where one of them is wrong. One that has nothing to fire any more is fine here, because its file need not be cleaned up.
    /// </summary>
    /// <param name="definitionId">The definition.</param>
    /// <param name="specs">Its schedules.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="at">What the faults' fields begin with, such as <c>schedule</c>; the place in the list follows.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Error?> SetAllAsync(long definitionId, IReadOnlyList<ScheduleSpec> specs, string actor, string at, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(specs);
        if (Check(specs, at) is { } refused)
        {
            return refused;
        }

        var wanted = specs.DistinctBy(ScheduleFingerprint.Of).ToDictionary(ScheduleFingerprint.Of, StringComparer.Ordinal);
        var gone = new List<long>();
        foreach (var old in await store.ListAsync(definitionId, 0, MostOfDefinition, cancellationToken).ConfigureAwait(false))
        {
            if (!wanted.Remove(old.Fingerprint, out var same))
            {
                gone.Add(old.Id);
            }
            else if (Started(same, old.CreatedAt) with { StartAt = old.Spec.StartAt, Parameters = old.Spec.Parameters } != old.Spec)
            {
                var now = clock.Now;
                await store.ReplaceAsync(
                    old with { Spec = same with { StartAt = old.Spec.StartAt }, UpdatedAt = now, ChangedBy = actor },
                    (schedule, suspensions) => old.Spec.Enabled ? SchedulePlanner.Resumed(schedule, suspensions, now) : SchedulePlanner.From(schedule, suspensions, now),
                    cancellationToken).ConfigureAwait(false);
            }
        }

        foreach (var spec in wanted.Values)
        {
            await StoreAsync(definitionId, spec, actor, cancellationToken).ConfigureAwait(false);
        }

        // Last, so that a server that dies in between leaves too many schedules and not too few; said again, the rest is done.
        foreach (var id in gone)
        {
            await store.DeleteAsync(id, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Answers what is wrong with any of these schedules, by itself; null when nothing is.</summary>
    public static Error? Check(IReadOnlyList<ScheduleSpec> specs, string at)
    {
        ArgumentNullException.ThrowIfNull(specs);
        if (specs.Count > MostOfDefinition)
        {
            return TooMany("schedules");
        }

        var errors = specs.SelectMany((s, i) => ScheduleRules.Check(s, FormattableString.Invariant($"{at}[{i}]"))).ToList();
        return errors.Count == 0 ? null : Error.Invalid(errors);
    }

    /// <summary>Answers the coming firings of stored schedules, together in order.</summary>
    public async Task<IReadOnlyList<Firing>> NextAsync(IReadOnlyList<Schedule> schedules, int count, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedules);
        var suspensions = await SuspensionsOfAsync(schedules, cancellationToken).ConfigureAwait(false);
        return [.. schedules.GroupBy(s => s.DefinitionId).SelectMany(own => Coming([.. own], suspensions[own.Key], count)).OrderBy(f => f.DueAt).ThenBy(f => f.ScheduleId).Take(count)];
    }

    /// <summary>Answers the next firing of each definition that these schedules are of; definitions for which nothing is due any more are missing.</summary>
    public async Task<IReadOnlyDictionary<long, Firing>> NextOfEachAsync(IReadOnlyList<Schedule> schedules, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedules);
        var suspensions = await SuspensionsOfAsync(schedules, cancellationToken).ConfigureAwait(false);
        return schedules.GroupBy(s => s.DefinitionId)
            .Select(own => (DefinitionId: own.Key, Firings: Coming([.. own], suspensions[own.Key], 1)))
            .Where(d => d.Firings.Count > 0)
            .ToDictionary(d => d.DefinitionId, d => d.Firings[0]);
    }

    /// <summary>Answers the coming firings of a schedule that is not saved, with suspensions that are not either.</summary>
    public Result<IReadOnlyList<Firing>> Preview(ScheduleSpec spec, IReadOnlyList<SuspensionSpec> suspensions, DateTimeOffset? from, int count)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(suspensions);
        var begin = from ?? clock.Now;
        List<FieldError> errors = [.. ScheduleRules.Check(spec), .. suspensions.SelectMany((s, i) => ScheduleRules.Check(s, FormattableString.Invariant($"suspensions[{i}]")))];
        var started = Started(spec, begin);
        if (errors.Count == 0 && ScheduleRules.CheckFirings(started, suspensions, begin) is { } refused)
        {
            errors.Add(refused);
        }

        return errors.Count > 0
            ? Error.Invalid(errors)
            : Result<IReadOnlyList<Firing>>.Success(Coming(new Schedule { Spec = started, Fingerprint = string.Empty, ChangedBy = string.Empty }, suspensions, begin, count));
    }

    private async Task<ILookup<long, SuspensionSpec>> SuspensionsOfAsync(IReadOnlyList<Schedule> schedules, CancellationToken cancellationToken) => schedules.Count == 0
        ? Array.Empty<Suspension>().ToLookup(s => s.DefinitionId, s => s.Spec)
        : (await store.SuspensionsAsync([.. schedules.Select(s => s.DefinitionId).Distinct()], cancellationToken).ConfigureAwait(false)).ToLookup(s => s.DefinitionId, s => s.Spec);

    // Of schedules of one definition.
    private IReadOnlyList<Firing> Coming(IReadOnlyList<Schedule> schedules, IEnumerable<SuspensionSpec> suspensions, int count)
    {
        var now = clock.Now;
        return
        [
            .. schedules.Where(s => s.Spec.Enabled)
                .SelectMany(s => Coming(s, [.. suspensions], s.NextTick > now ? s.NextTick.Value : now, count))
                .OrderBy(f => f.DueAt).ThenBy(f => f.ScheduleId).Take(count),
        ];
    }

    private static List<Firing> Coming(Schedule schedule, IReadOnlyList<SuspensionSpec> suspensions, DateTimeOffset from, int count)
    {
        var zone = TimeZones.Get(schedule.Spec.TimeZone);
        return [.. Firings.Of(schedule.Spec, suspensions).Between(from, from + Firings.Horizon).Take(count).Select(tick => new Firing(
            schedule.Id, tick, tick + Jitter.Of(schedule, tick), TimeZoneInfo.ConvertTime(tick, zone).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture)))];
    }

    // A period that says no start begins now.
    private static ScheduleSpec Started(ScheduleSpec spec, DateTimeOffset now) => spec is { EverySeconds: not null, StartAt: null }
        ? spec with { StartAt = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerSecond) + TimeSpan.TicksPerSecond, TimeSpan.Zero) }
        : spec;

    private async Task<Error?> CheckAsync(long definitionId, ScheduleSpec spec, CancellationToken cancellationToken, bool mayBeOver = false)
    {
        var errors = ScheduleRules.Check(spec);
        if (errors.Count > 0 || mayBeOver)
        {
            return errors.Count > 0 ? Error.Invalid(errors) : null;
        }

        var suspensions = await store.SuspensionsAsync([definitionId], cancellationToken).ConfigureAwait(false);
        var now = clock.Now;
        return ScheduleRules.CheckFirings(Started(spec, now), [.. suspensions.Select(s => s.Spec)], now) is { } refused ? Error.Invalid([refused]) : null;
    }

    private async Task<Result<Schedule>> StoreAsync(long definitionId, ScheduleSpec spec, string actor, CancellationToken cancellationToken)
    {
        var now = clock.Now;
        var schedule = new Schedule
        {
            DefinitionId = definitionId,
            Spec = Started(spec, now),
            Fingerprint = ScheduleFingerprint.Of(spec),
            CreatedAt = now,
            UpdatedAt = now,
            ChangedBy = actor,
        };
        return Answer(await store.AddAsync(schedule, (s, suspensions) => SchedulePlanner.From(s, suspensions, now), cancellationToken).ConfigureAwait(false), spec);
    }

    private Result<Schedule> Answer(SavedSchedule saved, ScheduleSpec spec)
    {
        signal.Changed();
        return saved.Schedule is { } schedule
            ? schedule
            : Error.Invalid($"schedule.{ScheduleRules.Rhythmic(spec)}", FormattableString.Invariant($"Schedule {saved.DuplicateOf} of the definition fires at the same times with the same parameters."));
    }

    private static Error TooMany(string what) =>
        new(ErrorKind.Conflict, "schedule.too_many", FormattableString.Invariant($"A definition has at most {MostOfDefinition} {what}."));

    private static Error NoSchedule(long id) => new(ErrorKind.NotFound, "schedule.not_found", FormattableString.Invariant($"The definition has no schedule {id}."));

    private static Error Changed(long id) =>
        new(ErrorKind.Conflict, "schedule.changed", FormattableString.Invariant($"Schedule {id} was changed by somebody else meanwhile; read it again."));
}
