using System.Text;
using System.Text.Json;
using Ascob.Core.Errors;

namespace Ascob.Core.Repository;

/// <summary>A job with the values of one execution.</summary>
/// <param name="Command">The text for the shell.</param>
/// <param name="Environment">The variables that it refers to, and the job's own.</param>
internal sealed record BoundJob(string Command, IReadOnlyDictionary<string, string> Environment);

/// <summary>Puts the posted values of an execution and a job together.</summary>
internal static class JobBinder
{
    /// <summary>Does nothing, and does it well.</summary>
    private const string Nothing = ":";

    /// <summary>Binds the members of a JSON object.</summary>
    public static Result<BoundJob> Bind(RepositoryJob job, JsonElement values)
    {
        try
        {
            return Bind(job, [.. values.EnumerateObject().Select(p => (ValueReader.Name(p), (Func<JobVariable, BoundValue>)(v => ValueReader.Read(v, p.Value))))]);
        }
        catch (TemplateException)
        {
            // A name that is no text cannot be told either.
            return Error.Invalid([new FieldError("vars", "The name of a variable must be well-formed Unicode; it contains half a surrogate pair.")]);
        }
    }

    /// <summary>Binds the fields of a form.</summary>
    public static Result<BoundJob> Bind(RepositoryJob job, IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> fields) => Bind(
        job,
        [.. fields.Select(f => (f.Key, (Func<JobVariable, BoundValue>)(v => ValueReader.Read(v, f.Value))))]);

    private static Result<BoundJob> Bind(RepositoryJob job, IReadOnlyList<(string Name, Func<JobVariable, BoundValue> Read)> posted)
    {
        var template = CommandTemplate.Parse(job.Command ?? string.Empty);
        var errors = new List<FieldError>();
        var values = new Dictionary<string, BoundValue>(StringComparer.Ordinal);
        foreach (var (name, read) in posted)
        {
            if (job.Variables.FirstOrDefault(v => string.Equals(v.Name, name, StringComparison.Ordinal)) is not { } variable)
            {
                errors.Add(new FieldError(Field(name), job.Variables.Count == 0 ? "The job has no variables." : $"The job has no such variable; it has {string.Join(", ", job.Variables.Select(v => v.Name))}."));
                continue;
            }

            try
            {
                if (!values.TryAdd(name, read(variable)))
                {
                    errors.Add(new FieldError(Field(name), "Given more than once."));
                }
            }
            catch (TemplateException e)
            {
                errors.Add(new FieldError(Field(name), e.Message));
            }
        }

        AddDefaults(job, template, values, errors);
        return errors.Count > 0 ? Error.Invalid(errors) : new BoundJob(Command(job, template, values), Environment(job, values));
    }

    private static void AddDefaults(RepositoryJob job, CommandTemplate template, Dictionary<string, BoundValue> values, List<FieldError> errors)
    {
        foreach (var variable in job.Variables.Where(v => !values.ContainsKey(v.Name) && template.Names.Contains(v.Name, StringComparer.Ordinal)))
        {
            if (errors.Exists(e => e.Field == Field(variable.Name)))
            {
                continue;
            }

            if (template.Needs(variable.Name) || template.DefaultOf(variable.Name) is not { } text)
            {
                errors.Add(new FieldError(Field(variable.Name), "is required: it stands in the command and has no default."));
                continue;
            }

            try
            {
                values[variable.Name] = text.Length == 0 ? new BoundValue(string.Empty, [variable.EnvironmentName]) : ValueReader.Read(variable, [text]);
            }
            catch (TemplateException e)
            {
                errors.Add(new FieldError(Field(variable.Name), $"is not given, and its default {e.Message}"));
            }
        }
    }

    // The path begins in the checkout of the commit, which the server that starts the job knows.
    private static string Command(RepositoryJob job, CommandTemplate template, Dictionary<string, BoundValue> values)
    {
        var command = job.Script is { } script ? new StringBuilder($"exec \"${{OVERSEER_HOME}}/scripts/\"{Quote(script)}") : template.Render(values);
        if (job.Script is null && string.IsNullOrWhiteSpace(job.Command))
        {
            return Nothing;
        }

        foreach (var variable in job.Variables.Where(v => values.ContainsKey(v.Name) && !template.Names.Contains(v.Name, StringComparer.Ordinal)))
        {
            Append(command, variable, values[variable.Name]);
        }

        return command.ToString();
    }

    private static void Append(StringBuilder command, JobVariable variable, BoundValue value)
    {
        if (variable is { Option: true, Type: VariableType.Bool })
        {
            command.Append(value.Text == "true" ? $" {variable.OptionName}" : string.Empty);
            return;
        }

        if (variable.Option)
        {
            command.Append(' ').Append(variable.OptionName);
        }

        foreach (var reference in value.References)
        {
            command.Append(' ').Append(CommandTemplate.Reference(reference, ShellPlace.Bare));
        }
    }

    private static Dictionary<string, string> Environment(RepositoryJob job, Dictionary<string, BoundValue> values)
    {
        var environment = new Dictionary<string, string>(job.Environment, StringComparer.Ordinal);
        foreach (var variable in job.Variables.Where(v => values.ContainsKey(v.Name)))
        {
            var value = values[variable.Name];
            environment[variable.EnvironmentName] = value.Text;
            for (var i = 0; i < value.Items?.Count; i++)
            {
                environment[value.References[i]] = value.Items[i];
            }
        }

        return environment;
    }

    private static string Field(string name) => Jobs.FieldErrorList.Member("vars", name);

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
