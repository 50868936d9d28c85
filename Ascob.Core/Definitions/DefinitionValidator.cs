using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions;

/// <summary>Says what is wrong with a definition, all of it at once.</summary>
internal static class DefinitionValidator
{
    private const string ShellCommand = "shell_command";

    /// <summary>Answers what is wrong with a name; null when nothing is.</summary>
    public static string? NameProblem(string? name)
    {
        if (name is null)
        {
            return "is required.";
        }

        if (name.Length is 0 or > DefinitionLimits.Name)
        {
            return string.Create(CultureInfo.InvariantCulture, $"1 to {DefinitionLimits.Name} characters.");
        }

        if (TextRules.Name(name) is { } problem)
        {
            return problem;
        }

        // In addresses and filters a number stands for the definition of that number, and dots alone for a folder.
        return name.All(char.IsAsciiDigit) || IsFolder(name) ? "must not be a number, \".\" or \"..\", however these are spelled." : null;
    }

    // Whatever stands between a client and the server may undo an escape more than once, and then fold what comes out.
    private static bool IsFolder(string name)
    {
        var plain = name;
        for (var before = string.Empty; before != plain;)
        {
            before = plain;
            plain = Uri.UnescapeDataString(before);
        }

        var dots = string.Concat(plain.Select(c => c switch
        {
            '\u2024' or '\uFE52' or '\uFF0E' => ".",
            '\u2025' => "..",
            _ => c.ToString(),
        }));
        return dots is "." or "..";
    }

    /// <summary>Notes what is wrong with a content.</summary>
    public static void Check(DefinitionContent content, FieldErrorList errors)
    {
        if (content.Description is { } description)
        {
            if (description.Length > DefinitionLimits.Description)
            {
                errors.Add("description", string.Create(CultureInfo.InvariantCulture, $"At most {DefinitionLimits.Description} characters."));
            }

            AddIf("description", TextRules.Lines(description), errors);
        }

        CheckJob(content.JobSpec, errors);
        CheckList("tags", content.Tags, DefinitionLimits.Tags, DefinitionLimits.Tag, errors);
        CheckList("owners", content.Owners, DefinitionLimits.Owners, DefinitionLimits.Owner, errors);
        if (content.ExpectedSeconds is { } seconds and (< 1 or > JobSpecLimits.LongestSeconds))
        {
            errors.Add("expectedSeconds", string.Create(CultureInfo.InvariantCulture, $"A whole number from 1 to {JobSpecLimits.LongestSeconds}."));
        }

        CheckAnnotations(content.Annotations, errors);
        CheckSize(content, errors);
    }

    // Lists show whole definitions, and every save keeps another one.
    private static void CheckSize(DefinitionContent content, FieldErrorList errors)
    {
        var json = content.ToJson();
        var total = Encoding.UTF8.GetByteCount(json);
        if (total <= DefinitionLimits.TotalBytes)
        {
            return;
        }

        using var parts = JsonDocument.Parse(json);
        var largest = parts.RootElement.EnumerateObject().MaxBy(p => JsonMarshal.GetRawUtf8Value(p.Value).Length);
        errors.Add(
            largest.Name,
            string.Create(
                CultureInfo.InvariantCulture,
                $"All that a version says must have at most {DefinitionLimits.TotalBytes} bytes together; this has {total}, and {JsonMarshal.GetRawUtf8Value(largest.Value).Length} of them stand here."));
    }

    private static void CheckJob(JobSpec spec, FieldErrorList errors)
    {
        // Expressions make strings longer or shorter; the job that comes out of them is checked at the launch.
        foreach (var error in JobSpecValidator.Validate(spec))
        {
            errors.Add(error.Field, error.Message);
        }

        // A launch may bring the submitter that the template does not have.
        foreach (var error in RuntimeVariables.Check(spec with { Submitter = spec.Submitter ?? string.Empty }))
        {
            errors.Add(error.Field, error.Message);
        }

        if (spec.RuntimeVariables && spec.Label(ShellCommand)?.Contains("%%SUBMITTER%%", StringComparison.Ordinal) == true)
        {
            errors.Add($"jobSpec.labels.{ShellCommand}", "%%SUBMITTER%% may not stand in a command; the job finds it in $ASCOB_SUBMITTER.");
        }
    }

    private static void CheckList(string field, IReadOnlyList<string> values, int most, int longest, FieldErrorList errors)
    {
        if (values.Count > most)
        {
            errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"At most {most}."));
        }

        for (var i = 0; i < Math.Min(values.Count, most); i++)
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{field}[{i}]");
            if (values[i] is not { Length: > 0 } value || value.Length > longest || string.IsNullOrWhiteSpace(value))
            {
                errors.Add(place, string.Create(CultureInfo.InvariantCulture, $"1 to {longest} characters."));
                continue;
            }

            AddIf(place, TextRules.Name(value), errors);
        }
    }

    private static void CheckAnnotations(IReadOnlyDictionary<string, string> annotations, FieldErrorList errors)
    {
        if (annotations.Count > DefinitionLimits.Annotations)
        {
            errors.Add("annotations", string.Create(CultureInfo.InvariantCulture, $"At most {DefinitionLimits.Annotations}."));
        }

        foreach (var (key, value) in annotations.Take(DefinitionLimits.Annotations))
        {
            var field = FieldErrorList.Member("annotations", key);
            if (key.Length is 0 or > DefinitionLimits.Tag || TextRules.Line(key) is not null)
            {
                errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"The key has 1 to {DefinitionLimits.Tag} characters, none of them control characters."));
            }

            if (value is null || value.Length > DefinitionLimits.Annotation)
            {
                errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"A string of at most {DefinitionLimits.Annotation} characters."));
                continue;
            }

            AddIf(field, TextRules.Lines(value), errors);
        }
    }

    private static void AddIf(string field, string? problem, FieldErrorList errors)
    {
        if (problem is not null)
        {
            errors.Add(field, problem);
        }
    }
}
