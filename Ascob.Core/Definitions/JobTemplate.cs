using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Kuroko2;
using Ascob.Core.Templates;

namespace Ascob.Core.Definitions;

/// <summary>
/// Turns the template of a definition into a job: the strings of its description, submitter, labels, parameters and locks may hold expressions over the definition's parameters. In shell text every
/// value is quoted for its place, and in a label that is a JSON array every item stays one.
/// </summary>
internal static class JobTemplate
{
    private const string ShellCommand = "shell_command";
    private const string RuntimeMark = "%%";
    private const string ArgumentsField = "jobSpec.labels.shell_arguments";
    private const string LooseList = "Each item is written as a string of a JSON array, so that it stays one item whatever the values are; an item that is only {{ list }} becomes as many as the list has.";

    /// <summary>
    /// Answers whether the strings of a definition are templates. Those of a repository are filled in by whoever reads it, and a script is a program: braces in it are its own.
    /// </summary>
    public static bool IsOne(string? source, DefinitionContent content) => source is null && !content.Annotations.ContainsKey(ScriptFields.ScriptKey);

    /// <summary>Notes what is wrong with a template, with the place: broken markup, unknown names, secrets where everybody reads them, and values where no quoting is safe.</summary>
    public static void Check(JobSpec spec, ParameterSchema schema, FieldErrorList errors)
    {
        var sample = new TemplateInput(schema.Sample());
        foreach (var (field, text, form) in Texts(spec))
        {
            // What is null in a map is told of by whoever checks the job.
            if (text is null)
            {
                continue;
            }

            if (IsLooseList(field, text))
            {
                errors.Add(field, LooseList);
                continue;
            }

            foreach (var part in Parts(text, form))
            {
                CheckText(field, part, form, schema, sample, errors);
            }
        }
    }

    /// <summary>Puts the values in. A refusal names the field of the template, or the parameter whose value does not fit it.</summary>
    public static Result<JobSpec> Render(JobSpec spec, ParameterValues values)
    {
        var errors = new FieldErrorList(JobSpecLimits.Errors);
        if (spec.RuntimeVariables)
        {
            // What a client sends must not be read as a variable of the run.
            foreach (var value in values.Values.EnumerateObject().Where(v => Mentions(v.Value)))
            {
                errors.Add(FieldErrorList.Member("parameters", value.Name), "must not contain \"%%\", nor begin or end with \"%\": the job uses runtime variables.");
            }
        }

        // A template of a secret may read what the others may not.
        var plain = new TemplateInput(Object(values, withSecrets: false));
        var all = plain.With(Object(values, withSecrets: true));
        var rendered = spec with
        {
            Description = Put("jobSpec.description", spec.Description, Form.Text, plain, errors),
            Submitter = Put("jobSpec.submitter", spec.Submitter, Form.Text, plain, errors),
            Labels = PutMap("jobSpec.labels", spec.Labels, plain, errors),
            Parameters = PutMap("jobSpec.parameters", spec.Parameters, plain, errors),
            SecretParameters = PutMap("jobSpec.secretParameters", spec.SecretParameters, all, errors),
            Locks = spec.Locks is null
                ? null
                : [.. spec.Locks.Select((l, i) => l with { Key = Put(string.Create(CultureInfo.InvariantCulture, $"jobSpec.locks[{i}].key"), l.Key, Form.Text, plain, errors) ?? l.Key })],
        };
        return errors.ToList() is { Count: > 0 } refused
            ? new Error(ErrorKind.Impossible, "definition.template", "The values do not fit the definition's template.", Error.Invalid(refused).Fields)
            : rendered;
    }

    private static bool Mentions(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()! is var text && (text.Contains(RuntimeMark, StringComparison.Ordinal) || text.StartsWith('%') || text.EndsWith('%')),
        JsonValueKind.Array => value.EnumerateArray().Any(Mentions),
        JsonValueKind.Object => value.EnumerateObject().Any(m => m.Name.Contains('%', StringComparison.Ordinal) || Mentions(m.Value)),
        _ => false,
    };

    private static void CheckText(string field, string text, Form form, ParameterSchema schema, TemplateInput sample, FieldErrorList errors)
    {
        var template = Template.Parse(text);
        if (!template.IsSuccess)
        {
            errors.Add(field, template.Error.FirstSentence());
            return;
        }

        foreach (var name in template.Value.Names.Order(StringComparer.Ordinal))
        {
            if (!schema.Names.Contains(name))
            {
                errors.Add(field, $"There is no parameter '{name}'.");
            }
            else if (form != Form.Secret && schema.IsSecret(name))
            {
                errors.Add(field, $"The secret parameter '{name}' may stand in secretParameters only, where nobody reads it; a job finds it in its environment.");
            }
        }

        // Whether a value can be quoted where it stands shows when one is put there.
        if (form == Form.Shell && template.Value.Render(sample, TemplateForm.Shell) is { IsSuccess: false } unsafePlace)
        {
            errors.Add(field, unsafePlace.Error.FirstSentence());
        }
    }

    private static IReadOnlyList<string> Parts(string text, Form form) => form == Form.Text && TemplateArrays.Items(text) is { } items ? items : [text];

    private static IEnumerable<(string Field, string? Text, Form Form)> Texts(JobSpec spec)
    {
        if (spec.Description is { } description)
        {
            yield return ("jobSpec.description", description, Form.Text);
        }

        if (spec.Submitter is { } submitter)
        {
            yield return ("jobSpec.submitter", submitter, Form.Text);
        }

        foreach (var (name, value) in spec.Labels ?? new Dictionary<string, string>())
        {
            yield return (FieldErrorList.Member("jobSpec.labels", name), value, FormOf(name));
        }

        foreach (var (name, value) in spec.Parameters ?? new Dictionary<string, string>())
        {
            yield return (FieldErrorList.Member("jobSpec.parameters", name), value, Form.Text);
        }

        foreach (var (name, value) in spec.SecretParameters ?? new Dictionary<string, string>())
        {
            yield return (FieldErrorList.Member("jobSpec.secretParameters", name), value, Form.Secret);
        }

        for (var i = 0; i < (spec.Locks?.Count ?? 0); i++)
        {
            if (spec.Locks![i]?.Key is { } key)
            {
                yield return (string.Create(CultureInfo.InvariantCulture, $"jobSpec.locks[{i}].key"), key, Form.Text);
            }
        }
    }

    // In markup outside of the strings a value could end one argument and begin another.
    private static bool IsLooseList(string field, string text) =>
        field == ArgumentsField && (text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal)) && TemplateArrays.Items(text) is null;

    private static Form FormOf(string label) => label == ShellCommand ? Form.Shell : Form.Text;

    private static Dictionary<string, string>? PutMap(string map, IReadOnlyDictionary<string, string>? texts, TemplateInput values, FieldErrorList errors)
    {
        var isSecret = map == "jobSpec.secretParameters";
        return texts?.ToDictionary(
            t => t.Key,
            t => Put(FieldErrorList.Member(map, t.Key), t.Value, isSecret ? Form.Secret : map == "jobSpec.labels" ? FormOf(t.Key) : Form.Text, values, errors) ?? string.Empty,
            StringComparer.Ordinal);
    }

    private static string? Put(string field, string? text, Form form, TemplateInput values, FieldErrorList errors)
    {
        if (text is null || !text.Contains('{', StringComparison.Ordinal))
        {
            return text;
        }

        if (IsLooseList(field, text))
        {
            // Stored before it was refused.
            errors.Add(field, LooseList);
            return null;
        }

        var result = form == Form.Text && TemplateArrays.Items(text) is not null ? TemplateArrays.Render(text, values) : RenderOne(text, form, values);
        if (result.IsSuccess)
        {
            return result.Value;
        }

        errors.Add(field, form == Form.Secret ? "The template cannot be filled in with these values." : result.Error.FirstSentence());
        return null;
    }

    private static Result<string> RenderOne(string text, Form form, TemplateInput values)
    {
        var template = Template.Parse(text);
        return template.IsSuccess ? template.Value.Render(values, form == Form.Shell ? TemplateForm.Shell : TemplateForm.Text) : template.Error;
    }

    private static JsonObject Object(ParameterValues values, bool withSecrets)
    {
        var all = new JsonObject();
        foreach (var value in values.Values.EnumerateObject().Where(v => withSecrets || !values.Schema.IsSecret(v.Name)))
        {
            all[value.Name] = JsonNode.Parse(value.Value.GetRawText());
        }

        return all;
    }

    // The template's own errors have no field; their sentence is all there is.
    private static string FirstSentence(this Error error) => error.Fields?.Values.FirstOrDefault()?.FirstOrDefault() ?? error.Message;

    /// <summary>What a string is.</summary>
    private enum Form
    {
        /// <summary>Text, or a JSON array of texts.</summary>
        Text,

        /// <summary>Text that a shell reads.</summary>
        Shell,

        /// <summary>Text that nobody is shown.</summary>
        Secret,
    }
}
