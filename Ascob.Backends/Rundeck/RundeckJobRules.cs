using System.Text.RegularExpressions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Backends.Rundeck;

/// <summary>What a job for Rundeck must look like.</summary>
internal static partial class RundeckJobRules
{
    public const string JobId = "rundeck_job_id";
    public const string Project = "rundeck_project_name";
    public const string JobName = "rundeck_job_name";
    public const string JobGroup = "rundeck_job_group";
    public const string AsUser = "rundeck_as_user";
    public const string LogLevel = "rundeck_log_level";

    private static readonly string[] Levels = ["DEBUG", "VERBOSE", "INFO", "WARN", "ERROR"];

    public static IReadOnlyList<FieldError> Validate(JobSpec spec, RundeckSettings settings)
    {
        var errors = new List<FieldError>();
        CheckJob(spec, errors);
        CheckOptions("jobSpec.parameters", spec.Parameters, errors);
        CheckOptions("jobSpec.secretParameters", spec.SecretParameters, errors);
        if (spec.Label(LogLevel) is { } level && Level(level) is null)
        {
            errors.Add(Field(LogLevel, $"'{level}' is not a log level; it must be one of {string.Join(", ", Levels)}."));
        }

        if (spec.Label(AsUser) is not null && settings.AsUser != RundeckUser.Label)
        {
            errors.Add(Field(AsUser, "This backend does not let jobs choose the user; its setting AsUser would have to be Label."));
        }

        if (settings.AsUser == RundeckUser.Submitter && string.IsNullOrEmpty(spec.Submitter))
        {
            errors.Add(new FieldError("jobSpec.submitter", "This backend runs jobs as their submitter, and this job has none."));
        }

        return errors;
    }

    /// <summary>Answers the log level in the server's spelling; null for none.</summary>
    public static string? Level(string? text) => Levels.FirstOrDefault(l => l.Equals(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>Answers whether a text can be one segment of a path without changing the path.</summary>
    public static bool IsSegment(string text) => text.Length > 0 && text is not ("." or "..") && text.IndexOfAny(['/', '\\', '?', '#', '%', '*', ',']) < 0 && !text.Any(char.IsControl);

    private static void CheckJob(JobSpec spec, List<FieldError> errors)
    {
        var (id, project, name) = (spec.Label(JobId), spec.Label(Project), spec.Label(JobName));
        switch (id, project, name)
        {
            case (null, null, null):
                errors.Add(Field(JobId, $"A Rundeck job needs the label {JobId}, or {Project} and {JobName}."));
                break;
            case (null, null, { }):
                errors.Add(Field(Project, $"{JobName} needs {Project} beside it."));
                break;
            case (null, { }, null):
                errors.Add(Field(JobName, $"{Project} needs {JobName} beside it, or {JobId}."));
                break;
            case ({ }, _, { }):
                errors.Add(Field(JobName, $"A job is named by {JobId} or by {JobName}, not by both."));
                break;
            default:
                break;
        }

        foreach (var (label, value) in new[] { (JobId, id), (Project, project) })
        {
            if (value is not null && !IsSegment(value))
            {
                errors.Add(Field(label, "It must not be '.' or '..' and must not hold / \\ ? # % * , or control characters."));
            }
        }
    }

    private static void CheckOptions(string path, IReadOnlyDictionary<string, string>? parameters, List<FieldError> errors)
    {
        foreach (var name in parameters?.Keys ?? [])
        {
            if (!OptionName().IsMatch(name))
            {
                errors.Add(new FieldError($"{path}.{name}", "The name of a Rundeck option has letters, digits, '_', '-' and '.', and begins with none of the last two."));
            }
            else if (name.StartsWith("ASCOB_", StringComparison.OrdinalIgnoreCase))
            {
                errors.Add(new FieldError($"{path}.{name}", "Names that begin with ASCOB_ are set by Ascob."));
            }
        }
    }

    private static FieldError Field(string label, string message) => new($"jobSpec.labels.{label}", message);

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9_.-]*\\z", RegexOptions.None, matchTimeoutMilliseconds: 500)]
    private static partial Regex OptionName();
}
