using Ascob.Core.Errors;

namespace Ascob.Core.Schedules;

/// <content>All schedules of a definition at once.</content>
public sealed partial class ScheduleService
{
    /// <summary>
    /// Gives a definition exactly these schedules, as whoever keeps them elsewhere (a repository, another interface) has them: equal ones stay and keep their beat, others go, new ones come. Refused as a
    /// whole where one of them is wrong or they are too many. One that has nothing to fire any more is fine here, because its file need not be cleaned up.
    /// </summary>
    /// <param name="definitionId">The definition.</param>
    /// <param name="specs">Its schedules.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="at">What the faults' fields begin with, such as <c>schedule</c>; the place in the list follows.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="isOwn">Which schedules the caller speaks of; others stay as they are. Null for all.</param>
    public async Task<Error?> SetAllAsync(
        long definitionId, IReadOnlyList<ScheduleSpec> specs, string actor, string at, CancellationToken cancellationToken, Func<Schedule, bool>? isOwn = null)
    {
        ArgumentNullException.ThrowIfNull(specs);
        if (Check(specs, at) is { } refused)
        {
            return refused;
        }

        var failed = await store.ChangeAllAsync(definitionId, Plan(definitionId, specs, actor, isOwn), cancellationToken).ConfigureAwait(false);
        Announce();
        return failed;
    }

    /// <summary>Answers how a definition comes to have exactly these schedules, which were checked, for a transaction that stores more than them.</summary>
    /// <param name="definitionId">The definition.</param>
    /// <param name="specs">Its schedules.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="isOwn">Which schedules the caller speaks of; others stay as they are. Null for all.</param>
    public ScheduleSetPlan Plan(long definitionId, IReadOnlyList<ScheduleSpec> specs, string actor, Func<Schedule, bool>? isOwn = null)
    {
        var now = clock.Now;
        return new ScheduleSetPlan(
            present => Changes(definitionId, specs, present, isOwn ?? (_ => true), actor, now),
            (schedule, suspensions) => SchedulePlanner.Resumed(schedule, suspensions, now));
    }

    /// <summary>Tells the clockwork of this process that schedules were stored.</summary>
    public void Announce() => signal.Changed();

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

    private static Result<ScheduleChanges> Changes(
        long definitionId, IReadOnlyList<ScheduleSpec> specs, IReadOnlyList<Schedule> present, Func<Schedule, bool> isOwn, string actor, DateTimeOffset now)
    {
        var wanted = specs.DistinctBy(ScheduleFingerprint.Of).ToDictionary(ScheduleFingerprint.Of, StringComparer.Ordinal);
        var (removed, replaced) = (new List<long>(), new List<Schedule>());
        foreach (var old in present)
        {
            var isWanted = wanted.Remove(old.Fingerprint, out var same);
            if (!isOwn(old))
            {
                continue;
            }

            if (!isWanted)
            {
                removed.Add(old.Id);
            }
            else if (Started(same!, old.CreatedAt) with { StartAt = old.Spec.StartAt, Parameters = old.Spec.Parameters } != old.Spec)
            {
                replaced.Add(old with { Spec = same! with { StartAt = old.Spec.StartAt }, UpdatedAt = now, ChangedBy = actor });
            }
        }

        return present.Count - removed.Count + wanted.Count > MostOfDefinition
            ? TooMany("schedules")
            : new ScheduleChanges(removed, replaced, [.. wanted.Values.Select(s => New(definitionId, s, actor, now))]);
    }
}
