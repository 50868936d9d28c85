using System.Text.Json;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>Makes the jobs that Ascob runs of the repository's.</summary>
internal sealed class RepositoryJobs(IOptions<RepositoryOptions> options)
{
    /// <summary>The variable of the environment that holds the posted values as they came.</summary>
    public const string Variables = "OVERSEER_VARIABLES";

    /// <summary>The same for values that came as a form.</summary>
    public const string FormVariables = "OVERSEER_FORM";

    /// <summary>Answers the values that a run was given.</summary>
    public static JobValues ValuesOf(Run run)
    {
        var form = run.Spec.Parameters?.GetValueOrDefault(FormVariables);
        if ((form ?? run.Spec.Parameters?.GetValueOrDefault(Variables)) is not { } text)
        {
            return JobValues.None;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? new JobValues(document.RootElement.Clone(), form is not null) : JobValues.None;
        }
        catch (JsonException)
        {
            // Somebody gave a repetition another text by hand.
            return JobValues.None;
        }
    }

    /// <summary>Makes a job with values.</summary>
    public Result<JobSpec> Make(KnownJob known, JobValues values)
    {
        var bound = Bind(known.Job, values);
        return bound.IsSuccess ? Spec(known, bound.Value, values) : bound.Error;
    }

    private static Result<BoundJob> Bind(RepositoryJob job, JobValues values) => values.IsForm
        ? JobBinder.Bind(job, values.Json.EnumerateObject().Select(f => KeyValuePair.Create(f.Name, (IReadOnlyList<string>)[.. f.Value.EnumerateArray().Select(v => v.GetString()!)])))
        : JobBinder.Bind(job, values.Json);

    private JobSpec Spec(KnownJob known, BoundJob bound, JobValues values)
    {
        var job = known.Job;
        var labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [RepositoryLabels.Job] = job.Name,
            [RepositoryLabels.Commit] = known.Commit,
        };
        AddIf(labels, RepositoryLabels.User, job.User);
        AddIf(labels, RepositoryLabels.Group, job.Group);
        AddIf(labels, JobSpecValidator.BackendIdLabel, options.Value.Backend);
        var parameters = new Dictionary<string, string>(bound.Environment, StringComparer.Ordinal) { [values.IsForm ? FormVariables : Variables] = values.Json.GetRawText() };
        if (bound.Command.Length <= JobSpecLimits.LabelValue)
        {
            labels[RepositoryLabels.Command] = bound.Command;
        }
        else
        {
            // A label is short; the shell reads the rest of the text from its environment.
            labels[RepositoryLabels.Command] = "eval \"$OVERSEER_COMMAND\"";
            parameters["OVERSEER_COMMAND"] = bound.Command;
        }

        return new JobSpec
        {
            Description = job.Description is { Length: > 0 } description ? description : $"Job {job.Name} of the repository",
            Labels = labels,
            Parameters = parameters,
            TimeoutSeconds = job.TimeoutSeconds,
        };
    }

    private static void AddIf(Dictionary<string, string> labels, string name, string? value)
    {
        if (value is not null)
        {
            labels[name] = value;
        }
    }
}
