using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ascob.Core.Errors;

namespace Ascob.Core.Jobs;

/// <summary>
/// Replaces <c>%%RUNID%%</c>, <c>%%SUBMITTER%%</c>, <c>%%WEBHOOKID%%</c> and <c>%%CALLBACK_URL%%</c> in the description, label values, parameter values
/// (secret ones too) and, the two secret ones aside, lock keys of a job with <see cref="JobSpec.RuntimeVariables"/>. Each string is read once, from left to right, and what was put in is not
/// read again, so that no value can bring in another variable, label or lock. A value does become part of the text around it: a shell command should use
/// <c>"$ASCOB_SUBMITTER"</c> instead.
/// </summary>
public static partial class RuntimeVariables
{
    private const string Mark = "%%";
    private const string Known = "%%RUNID%%, %%SUBMITTER%%, %%WEBHOOKID%% and %%CALLBACK_URL%%";

    /// <summary>Answers the fields in which a variable is unknown, without value or broken; empty where all is well or variables are off.</summary>
    public static IReadOnlyList<FieldError> Check(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var errors = new FieldErrorList(JobSpecLimits.Errors);
        if (spec.RuntimeVariables)
        {
            CheckText("jobSpec.description", spec.Description, spec, errors);
            CheckMap("jobSpec.labels", spec.Labels, spec, errors);
            CheckMap("jobSpec.parameters", spec.Parameters, spec, errors);
            CheckMap("jobSpec.secretParameters", spec.SecretParameters, spec, errors, isSecret: true);
            for (var i = 0; i < (spec.Locks?.Count ?? 0); i++)
            {
                CheckLockKey(string.Create(CultureInfo.InvariantCulture, $"jobSpec.locks[{i}].key"), spec.Locks![i]?.Key, spec, errors);
            }
        }

        return errors.ToList();
    }

    /// <summary>
    /// Answers the job with its variables replaced and <see cref="JobSpec.RuntimeVariables"/> off, so that resolving twice changes nothing. Names may have grown:
    /// what must stay in bounds (lock keys) is to be validated again.
    /// </summary>
    public static JobSpec Resolve(JobSpec spec, RuntimeVariableValues values)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(values);
        if (!spec.RuntimeVariables)
        {
            return spec;
        }

        return spec with
        {
            Description = spec.Description is null ? null : Resolve(spec.Description, values),
            Labels = spec.Labels?.ToDictionary(l => l.Key, l => ResolveLabel(l.Value, values), StringComparer.Ordinal),
            Parameters = ResolveMap(spec.Parameters, values),
            SecretParameters = ResolveMap(spec.SecretParameters, values),
            Locks = spec.Locks is null ? null : [.. spec.Locks.Select(l => l with { Key = Resolve(l.Key, values) })],
            RuntimeVariables = false,
        };
    }

    /// <summary>Replaces the variables in the values of a map that is kept apart from its job; the caller has checked that the job's variables are on.</summary>
    public static IReadOnlyDictionary<string, string>? ResolveMap(IReadOnlyDictionary<string, string>? map, RuntimeVariableValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return map?.ToDictionary(m => m.Key, m => Resolve(m.Value, values), StringComparer.Ordinal);
    }

    // A label may be a JSON array of strings (shell_arguments); a value pasted into its text could end one string and begin another.
    private static string ResolveLabel(string text, RuntimeVariableValues values)
    {
        if (!text.Contains(Mark, StringComparison.Ordinal) || !text.AsSpan().TrimStart().StartsWith("["))
        {
            return Resolve(text, values);
        }

        try
        {
            return JsonSerializer.Deserialize<string[]>(text) is { } items
                ? JsonSerializer.Serialize(items.Select(item => item is null ? null : Resolve(item, values)))
                : Resolve(text, values);
        }
        catch (JsonException)
        {
            return Resolve(text, values);
        }
    }

    private static string Resolve(string text, RuntimeVariableValues values)
    {
        if (!text.Contains(Mark, StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        var from = 0;
        foreach (var token in Tokens().EnumerateMatches(text))
        {
            result.Append(text, from, token.Index - from);
            result.Append(ValueOf(text.AsSpan(token.Index, token.Length), values));
            from = token.Index + token.Length;
        }

        return result.Append(text, from, text.Length - from).ToString();
    }

    private static string ValueOf(ReadOnlySpan<char> token, RuntimeVariableValues values) => token switch
    {
        "%%RUNID%%" => values.RunId.ToString(CultureInfo.InvariantCulture),
        "%%SUBMITTER%%" => values.Submitter ?? string.Empty,
        "%%WEBHOOKID%%" => values.WebhookId,
        _ => values.CallbackUrl ?? string.Empty,
    };

    private static void CheckMap(string map, IReadOnlyDictionary<string, string>? values, JobSpec spec, FieldErrorList errors, bool isSecret = false)
    {
        foreach (var (key, value) in values ?? new Dictionary<string, string>())
        {
            var field = FieldErrorList.Member(map, key);
            if (key.Contains(Mark, StringComparison.Ordinal))
            {
                errors.Add(field, "Runtime variables are replaced in values only; this name contains %%.");
            }

            CheckText(field, value, spec, errors, isSecret);
        }
    }

    // Everybody who may read locks reads their keys; a callback address is a right in the hands of whoever knows it.
    private static void CheckLockKey(string field, string? key, JobSpec spec, FieldErrorList errors)
    {
        CheckText(field, key, spec, errors);
        if (key is not null && SecretTokens().IsMatch(key))
        {
            errors.Add(field, "%%WEBHOOKID%% and %%CALLBACK_URL%% are secrets of the run; the keys of locks are shown to others.");
        }
    }

    private static void CheckText(string field, string? text, JobSpec spec, FieldErrorList errors, bool isSecret = false)
    {
        if (text is null || !text.Contains(Mark, StringComparison.Ordinal))
        {
            return;
        }

        var from = 0;
        foreach (var token in Tokens().EnumerateMatches(text))
        {
            CheckLiteral(field, text[from..token.Index], errors, isSecret);
            from = token.Index + token.Length;
            if (spec.Submitter is null && text.AsSpan(token.Index, token.Length) is "%%SUBMITTER%%")
            {
                errors.Add(field, "%%SUBMITTER%% has no value here, because the job has no submitter.");
            }
        }

        CheckLiteral(field, text[from..], errors, isSecret);
    }

    private static void CheckLiteral(string field, string literal, FieldErrorList errors, bool isSecret)
    {
        if (!literal.Contains(Mark, StringComparison.Ordinal))
        {
            return;
        }

        var unknown = AnyToken().Match(literal);
        errors.Add(field, unknown.Success && !isSecret
            ? $"There is no runtime variable {unknown.Value}; there are {Known}."
            : $"A %% is left that belongs to no runtime variable; there are {Known}.");
    }

    [GeneratedRegex("%%(?:RUNID|SUBMITTER|WEBHOOKID|CALLBACK_URL)%%", RegexOptions.CultureInvariant)]
    private static partial Regex Tokens();

    [GeneratedRegex("%%(?:WEBHOOKID|CALLBACK_URL)%%", RegexOptions.CultureInvariant)]
    private static partial Regex SecretTokens();

    [GeneratedRegex("%%[A-Za-z0-9_.-]{1,64}%%", RegexOptions.CultureInvariant)]
    private static partial Regex AnyToken();
}

/// <summary>What runtime variables are replaced with.</summary>
/// <param name="RunId">The run's number.</param>
/// <param name="Submitter">The job's submitter.</param>
/// <param name="WebhookId">The secret part of the callback URL.</param>
/// <param name="CallbackUrl">The callback URL; null (replaced with nothing) where the backend's callbacks are off.</param>
public sealed record RuntimeVariableValues(long RunId, string? Submitter, string WebhookId, string? CallbackUrl);
