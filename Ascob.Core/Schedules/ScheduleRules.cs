using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Core.Schedules;

/// <summary>What a schedule and a suspension may say. Answers all faults at once, each with its field.</summary>
internal static class ScheduleRules
{
    private const long LongestPeriod = 10L * 366 * 86_400;
    private const int LongestJitter = 86_400;
    private const int HighestPriority = 1_000_000;
    private const int LongestDescription = 500;
    private const int LongestParameters = 65_536;
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Checks what can be checked without the time.</summary>
    public static IReadOnlyList<FieldError> Check(ScheduleSpec spec, string at = "schedule")
    {
        var errors = new FieldErrorList(20);
        CheckRhythm(spec, at, errors);
        CheckZone(spec.TimeZone, at, errors);
        CheckTime(spec.StartAt, $"{at}.startAt", errors);
        CheckTime(spec.EndAt, $"{at}.endAt", errors);
        if (spec.EndAt < spec.StartAt)
        {
            errors.Add($"{at}.endAt", "must not be before startAt.");
        }

        if (spec.JitterSeconds is < 0 or > LongestJitter)
        {
            errors.Add($"{at}.jitterSeconds", FormattableString.Invariant($"must be 0 to {LongestJitter}."));
        }

        if (spec.Priority is < -HighestPriority or > HighestPriority)
        {
            errors.Add($"{at}.priority", FormattableString.Invariant($"must be {-HighestPriority} to {HighestPriority}."));
        }

        CheckCatchUp(spec.CatchUp, $"{at}.catchUp", errors);
        CheckDescription(spec.Description, at, errors);
        if (spec.Parameters is { } parameters)
        {
            if (parameters.ValueKind is not (System.Text.Json.JsonValueKind.Object or System.Text.Json.JsonValueKind.Null))
            {
                errors.Add($"{at}.parameters", "must be a JSON object.");
            }
            else if (parameters.GetRawText().Length > LongestParameters)
            {
                errors.Add($"{at}.parameters", FormattableString.Invariant($"must not be longer than {LongestParameters} characters."));
            }
        }

        return errors.ToList();
    }

    /// <summary>Checks what can be checked without the schedules and the time.</summary>
    public static IReadOnlyList<FieldError> Check(SuspensionSpec spec, string at = "suspension")
    {
        var errors = new FieldErrorList(20);
        if (spec.Cron is not null)
        {
            if (!CronRule.TryParse(spec.Cron, out var cron, out var problem))
            {
                errors.Add($"{at}.cron", problem);
            }
            else if (cron.HasSeconds)
            {
                errors.Add($"{at}.cron", "must have five fields: whole minutes are taken out.");
            }
        }
        else if (spec.From is null && spec.To is null)
        {
            errors.Add($"{at}.cron", "Give cron, or from and to.");
        }
        else if (spec.From is null || spec.To is null)
        {
            errors.Add(spec.From is null ? $"{at}.from" : $"{at}.to", "is needed where there is no cron.");
        }

        CheckZone(spec.TimeZone, at, errors);
        CheckTime(spec.From, $"{at}.from", errors);
        CheckTime(spec.To, $"{at}.to", errors);
        if (spec.To <= spec.From)
        {
            errors.Add($"{at}.to", "must be after from.");
        }

        CheckDescription(spec.Description, at, errors);
        return errors.ToList();
    }

    /// <summary>Checks a schedule, which is right in itself, against the time and against what its definition suspends.</summary>
    public static FieldError? CheckFirings(ScheduleSpec spec, IReadOnlyList<SuspensionSpec> suspensions, DateTimeOffset now, string at = "schedule")
    {
        var alone = Firings.Of(spec, []);
        if (alone.Next(now).Tick is not { } first)
        {
            return spec switch
            {
                { Cron: null, EverySeconds: null } => new FieldError($"{at}.startAt", "lies in the past, so it would never fire."),
                { EndAt: { } end } when alone.Next(end + TimeSpan.FromMicroseconds(1)).Tick is null => new FieldError($"{at}.endAt", "leaves no firing from now on."),
                { Cron: null } => new FieldError($"{at}.endAt", "leaves no firing from now on."),
                _ => new FieldError($"{at}.cron", "never matches within the coming ten years."),
            };
        }

        if (suspensions.Count > 0 && Firings.Of(spec, suspensions).NeverFires(now))
        {
            return new FieldError($"{at}.{Rhythmic(spec)}", "never fires: the suspensions of the definition take out all of it.");
        }

        var gap = ShortestGap(alone, first);
        return TimeSpan.FromSeconds(spec.JitterSeconds) < gap
            ? null
            : new FieldError($"{at}.jitterSeconds", FormattableString.Invariant($"must be shorter than the time between two firings, which is {gap.TotalSeconds:0} seconds."));
    }

    /// <summary>Answers the field that says when it fires.</summary>
    public static string Rhythmic(ScheduleSpec spec) => spec.Cron is not null ? "cron" : spec.EverySeconds is not null ? "everySeconds" : "startAt";

    private static TimeSpan ShortestGap(Firings firings, DateTimeOffset first)
    {
        var shortest = TimeSpan.MaxValue;
        var last = first;
        foreach (var tick in firings.Between(first + TimeSpan.FromMicroseconds(1), first + Firings.Horizon).Take(200))
        {
            shortest = tick - last < shortest ? tick - last : shortest;
            last = tick;
        }

        return shortest;
    }

    private static void CheckRhythm(ScheduleSpec spec, string at, FieldErrorList errors)
    {
        if (spec.Cron is not null)
        {
            if (!CronRule.TryParse(spec.Cron, out _, out var problem))
            {
                errors.Add($"{at}.cron", problem);
            }

            if (spec.EverySeconds is not null)
            {
                errors.Add($"{at}.everySeconds", "does not go together with cron.");
            }
        }
        else if (spec.EverySeconds is { } seconds)
        {
            if (seconds is < 1 or > LongestPeriod)
            {
                errors.Add($"{at}.everySeconds", FormattableString.Invariant($"must be 1 to {LongestPeriod}."));
            }
        }
        else if (spec.StartAt is null)
        {
            errors.Add($"{at}.cron", "Give cron, everySeconds, or startAt for one firing.");
        }
    }

    private static void CheckZone(string? zone, string at, FieldErrorList errors)
    {
        if (!TimeZones.TryFind(zone, out _))
        {
            errors.Add($"{at}.timeZone", "is no time zone that this server knows; give an IANA name such as Europe/Berlin.");
        }
    }

    private static void CheckTime(DateTimeOffset? time, string field, FieldErrorList errors)
    {
        if (time < Earliest || time > Latest)
        {
            errors.Add(field, "must lie between 1970 and 2200.");
        }
    }

    private static void CheckCatchUp(CatchUpSpec? catchUp, string at, FieldErrorList errors)
    {
        if (catchUp?.Limit is { } limit && (limit is < 1 or > CatchUpSpec.LargestLimit || catchUp.Policy != CatchUpPolicy.All))
        {
            errors.Add($"{at}.limit", FormattableString.Invariant($"must be 1 to {CatchUpSpec.LargestLimit}, and only with the policy 'all'."));
        }

        if (catchUp?.NotOlderThanSeconds is < 1 or > LongestPeriod)
        {
            errors.Add($"{at}.notOlderThanSeconds", FormattableString.Invariant($"must be 1 to {LongestPeriod}."));
        }
    }

    private static void CheckDescription(string? description, string at, FieldErrorList errors)
    {
        if (description is null)
        {
            return;
        }

        if (description.Length > LongestDescription)
        {
            errors.Add($"{at}.description", FormattableString.Invariant($"must not be longer than {LongestDescription} characters."));
        }
        else if (TextRules.Lines(description) is { } problem)
        {
            errors.Add($"{at}.description", problem);
        }
    }
}
