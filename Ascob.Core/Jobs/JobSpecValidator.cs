using System.Globalization;
using System.Text;
using Ascob.Core.Errors;

namespace Ascob.Core.Jobs;

/// <summary>
/// Says what is wrong with a <see cref="JobSpec"/>, all of it at once. Knows nothing of backends: what a backend refuses is said by
/// <see cref="Backends.IBackendAdapter.Validate"/>, and runtime variables are checked by <see cref="RuntimeVariables.Check"/>.
/// </summary>
public static class JobSpecValidator
{
    /// <summary>The only label of Ascob itself: names the backend that must run the job.</summary>
    public const string BackendIdLabel = "_execution_backend_id";

    /// <summary>Answers the refused fields, by JSON path from <c>jobSpec</c>; empty where the job is fine. Bounded by <see cref="JobSpecLimits.Errors"/>.</summary>
    public static IReadOnlyList<FieldError> Validate(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var errors = new FieldErrorList(JobSpecLimits.Errors);
        CheckTexts(spec, errors);
        CheckLabels(spec.Labels, errors);
        CheckParameters(spec, errors);
        CheckLocks(spec.Locks, errors);
        CheckNumbers(spec, errors);
        CheckRetry(spec.Retry, errors);
        CheckTotal(spec, errors);
        return errors.ToList();
    }

    private static void CheckTexts(JobSpec spec, FieldErrorList errors)
    {
        if (spec.Description is { } description)
        {
            CheckLength("jobSpec.description", description, JobSpecLimits.Description, errors);
            AddIf("jobSpec.description", TextRules.Lines(description), errors);
        }

        if (spec.Submitter is { } submitter)
        {
            CheckLength("jobSpec.submitter", submitter, JobSpecLimits.Submitter, errors);
            AddIf("jobSpec.submitter", string.IsNullOrWhiteSpace(submitter) ? "must not be empty; leave it out instead." : TextRules.Line(submitter), errors);

            // Databases disagree on whether "bob" equals "bob ", and a token may be limited to one of them.
            AddIf("jobSpec.submitter", submitter.Length > 0 && submitter.Trim().Length != submitter.Length ? "must not begin or end with white space." : null, errors);
        }
    }

    private static void CheckLabels(IReadOnlyDictionary<string, string>? labels, FieldErrorList errors)
    {
        if (labels is null)
        {
            return;
        }

        CheckCount("jobSpec.labels", labels.Count, JobSpecLimits.Labels, errors);
        foreach (var (key, value) in labels)
        {
            if (IsPlainName(key, JobSpecLimits.LabelKey) && (key[0] != '_' || key == BackendIdLabel) && IsPlainText(value, JobSpecLimits.LabelValue))
            {
                continue;
            }

            var field = FieldErrorList.Member("jobSpec.labels", key);
            CheckName(field, "The key", key, JobSpecLimits.LabelKey, errors);
            if (key.StartsWith('_') && key != BackendIdLabel)
            {
                errors.Add(field, $"Keys that begin with \"_\" are reserved; {BackendIdLabel} is the only one of them.");
            }

            if (value is null)
            {
                errors.Add(field, "The value must be a string, not null.");
                continue;
            }

            CheckLength(field, value, JobSpecLimits.LabelValue, errors);
            AddIf(field, TextRules.Lines(value), errors);
        }
    }

    private static void CheckParameters(JobSpec spec, FieldErrorList errors)
    {
        CheckCount("jobSpec.parameters", (spec.Parameters?.Count ?? 0) + (spec.SecretParameters?.Count ?? 0), JobSpecLimits.Parameters, errors);
        CheckParameterMap("jobSpec.parameters", spec.Parameters, errors);
        CheckParameterMap("jobSpec.secretParameters", spec.SecretParameters, errors);
        if (spec.Parameters is null || spec.SecretParameters is null)
        {
            return;
        }

        foreach (var name in spec.SecretParameters.Keys.Where(spec.Parameters.ContainsKey))
        {
            errors.Add(FieldErrorList.Member("jobSpec.secretParameters", name), "This name stands in parameters too; it must stand in one of the two.");
        }
    }

    private static void CheckParameterMap(string map, IReadOnlyDictionary<string, string>? parameters, FieldErrorList errors)
    {
        if (parameters is null)
        {
            return;
        }

        foreach (var (name, value) in parameters)
        {
            if (IsPlainName(name, JobSpecLimits.ParameterName) && IsPlainText(value, JobSpecLimits.ParameterValueBytes))
            {
                continue;
            }

            var field = FieldErrorList.Member(map, name);
            CheckName(field, "The name", name, JobSpecLimits.ParameterName, errors);
            if (value is null)
            {
                errors.Add(field, "The value must be a string, not null.");
                continue;
            }

            if (Encoding.UTF8.GetByteCount(value) > JobSpecLimits.ParameterValueBytes)
            {
                errors.Add(field, Invariant($"The value must have at most {JobSpecLimits.ParameterValueBytes} bytes."));
            }

            AddIf(field, TextRules.Broken(value), errors);
        }
    }

    private static void CheckLocks(IReadOnlyList<LockSpec>? locks, FieldErrorList errors)
    {
        if (locks is null)
        {
            return;
        }

        CheckCount("jobSpec.locks", locks.Count, JobSpecLimits.Locks, errors);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < locks.Count; i++)
        {
            var field = Invariant($"jobSpec.locks[{i}]");
            if (locks[i] is not { } lockSpec)
            {
                errors.Add(field, "A lock must be an object, not null.");
                continue;
            }

            CheckName($"{field}.key", "The key", lockSpec.Key, JobSpecLimits.LockKey, errors);
            if (lockSpec.Key is "." or "..")
            {
                errors.Add($"{field}.key", "The key must not be . or .., which no address can name.");
            }

            if (lockSpec.Key is not null && !seen.Add(lockSpec.Key))
            {
                errors.Add($"{field}.key", "This lock is claimed twice.");
            }

            AddIf($"{field}.mode", Enum.IsDefined(lockSpec.Mode) ? null : "must be exclusive or shared.", errors);
            AddIf($"{field}.policy", Enum.IsDefined(lockSpec.Policy) ? null : "must be wait, fail or skip.", errors);
        }
    }

    private static void CheckNumbers(JobSpec spec, FieldErrorList errors)
    {
        CheckRange("jobSpec.timeoutSeconds", spec.TimeoutSeconds, 1, JobSpecLimits.LongestSeconds, errors);
        CheckRange("jobSpec.lockWaitSeconds", spec.LockWaitSeconds, 1, JobSpecLimits.LongestSeconds, errors);
        CheckRange("jobSpec.priority", spec.Priority, -JobSpecLimits.Priority, JobSpecLimits.Priority, errors);
    }

    private static void CheckRetry(RetrySpec? retry, FieldErrorList errors)
    {
        if (retry is null)
        {
            return;
        }

        CheckRange("jobSpec.retry.maxAttempts", retry.MaxAttempts, 1, JobSpecLimits.Attempts, errors);
        CheckRange("jobSpec.retry.delaySeconds", retry.DelaySeconds, 0, JobSpecLimits.RetryDelaySeconds, errors);
        for (var i = 0; i < (retry.On?.Count ?? 0); i++)
        {
            var known = JobSpecLimits.RetryOutcomes.Contains(retry.On![i], StringComparer.Ordinal);
            AddIf(Invariant($"jobSpec.retry.on[{i}]"), known ? null : $"must be one of {string.Join(", ", JobSpecLimits.RetryOutcomes)}.", errors);
        }
    }

    private static void CheckTotal(JobSpec spec, FieldErrorList errors)
    {
        var total = Size(spec.Description) + Size(spec.Submitter) + Size(spec.Labels) + Size(spec.Parameters) + Size(spec.SecretParameters)
            + (spec.Locks?.Sum(l => Size(l?.Key)) ?? 0);
        if (total > JobSpecLimits.TotalBytes)
        {
            errors.Add("jobSpec", Invariant($"All strings together must have at most {JobSpecLimits.TotalBytes} bytes; these have {total}."));
        }
    }

    private static long Size(IReadOnlyDictionary<string, string>? map) => map?.Sum(m => Size(m.Key) + Size(m.Value)) ?? 0;

    private static long Size(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    // What passes here can break none of the rules, so that the name of its field need not be made.
    private static bool IsPlainName(string name, int longest) =>
        name.Length > 0 && name.Length <= longest && name[0] != ' ' && name[^1] != ' ' && TextRules.IsPlain(name);

    private static bool IsPlainText(string? text, int longest) => text is not null && text.Length <= longest && TextRules.IsPlain(text);

    private static void CheckName(string field, string what, string? name, int longest, FieldErrorList errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Add(field, $"{what} must not be empty.");
            return;
        }

        // Databases disagree on whether "a" equals "a ", so names that differ in that way only are refused.
        if (char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1]))
        {
            errors.Add(field, $"{what} must not begin or end with white space.");
        }

        if (name.Length > longest)
        {
            errors.Add(field, Invariant($"{what} must have at most {longest} characters; it has {name.Length}."));
        }

        AddIf(field, TextRules.Line(name) is { } problem ? $"{what} {problem}" : null, errors);
    }

    private static void CheckLength(string field, string text, int longest, FieldErrorList errors)
    {
        if (text.Length > longest)
        {
            errors.Add(field, Invariant($"must have at most {longest} characters; it has {text.Length}."));
        }
    }

    private static void CheckCount(string field, int count, int most, FieldErrorList errors)
    {
        if (count > most)
        {
            errors.Add(field, Invariant($"must have at most {most} entries; it has {count}."));
        }
    }

    private static void CheckRange(string field, int? value, int lowest, int highest, FieldErrorList errors)
    {
        if (value < lowest || value > highest)
        {
            errors.Add(field, Invariant($"must be from {lowest} to {highest}; it is {value}."));
        }
    }

    private static void AddIf(string field, string? problem, FieldErrorList errors)
    {
        if (problem is not null)
        {
            errors.Add(field, problem);
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
