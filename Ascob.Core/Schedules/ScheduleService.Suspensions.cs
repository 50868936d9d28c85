using Ascob.Core.Errors;

namespace Ascob.Core.Schedules;

/// <content>Times in which nothing fires.</content>
public sealed partial class ScheduleService
{
    /// <summary>Adds a suspension to a definition.</summary>
    public async Task<Result<Suspension>> AddSuspensionAsync(long definitionId, SuspensionSpec spec, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var now = clock.Now;
        var others = await store.SuspensionsAsync([definitionId], cancellationToken).ConfigureAwait(false);
        var schedules = await store.ListAsync(definitionId, 0, MostOfDefinition, cancellationToken).ConfigureAwait(false);
        if (SuspensionRefusal(spec, [.. others.Select(s => s.Spec)], [.. schedules.Select(s => s.Spec)], now) is { } refused)
        {
            return refused;
        }

        var suspension = new Suspension { DefinitionId = definitionId, Spec = spec, Fingerprint = ScheduleFingerprint.Of(spec), CreatedAt = now, CreatedBy = actor };
        var stored = await store.AddSuspensionAsync(suspension, (s, all) => SchedulePlanner.Resumed(s, all, now), cancellationToken).ConfigureAwait(false);
        signal.Changed();
        return stored switch
        {
            { Suspension: { } added } => added,
            { IsTooMany: true } => TooMany("suspensions"),
            _ => Error.Invalid(spec.Cron is null ? "suspension.from" : "suspension.cron", "The definition has this suspension already."),
        };
    }

    /// <summary>Deletes a suspension; what it took out until now stays so.</summary>
    public async Task<Error?> DeleteSuspensionAsync(long definitionId, long suspensionId, CancellationToken cancellationToken)
    {
        var now = clock.Now;
        var deleted = await store.DeleteSuspensionAsync(definitionId, suspensionId, (s, all) => SchedulePlanner.Resumed(s, all, now), cancellationToken).ConfigureAwait(false);
        signal.Changed();
        return deleted ? null : new Error(ErrorKind.NotFound, "suspension.not_found", FormattableString.Invariant($"The definition has no suspension {suspensionId}."));
    }

    private static Error? SuspensionRefusal(SuspensionSpec spec, IReadOnlyList<SuspensionSpec> others, IReadOnlyList<ScheduleSpec> schedules, DateTimeOffset now)
    {
        var errors = ScheduleRules.Check(spec);
        if (errors.Count > 0)
        {
            return Error.Invalid(errors);
        }

        var field = spec.Cron is null ? "suspension.from" : "suspension.cron";
        if (spec.To <= now)
        {
            return Error.Invalid("suspension.to", "lies in the past.");
        }

        if (schedules.Count == 0)
        {
            return Error.Invalid(field, "The definition has no schedule that could be suspended.");
        }

        if (spec.Cron is { } cron && ScheduleRules.CheckFirings(new ScheduleSpec { Cron = cron, TimeZone = spec.TimeZone }, [], now) is not null)
        {
            return Error.Invalid(field, "never matches within the coming ten years.");
        }

        var work = new WorkBudget(WorkBudget.OfAQuestion);
        return schedules.All(s => Firings.Of(s, [.. others, spec], work).NeverFires(now))
            ? Error.Invalid(field, "would take out every firing of every schedule; suspend the definition, or disable its schedules.")
            : null;
    }
}
