using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Backends.Jenkins;

/// <summary>What a Jenkins job must look like: what can be seen without asking Jenkins, and what its declaration says.</summary>
internal static class JenkinsJobRules
{
    // Jenkins reads these words of a request itself, so a job's parameter of that name cannot be set.
    private static readonly string[] TakenNames = ["delay", "token", "cause", "json"];

    public static IReadOnlyList<FieldError> Validate(JobSpec spec)
    {
        var errors = new List<FieldError>();
        var label = $"jobSpec.labels.{JenkinsProject.Label}";
        if (spec.Label(JenkinsProject.Label) is not { } name)
        {
            errors.Add(new FieldError(label, $"A Jenkins job needs the label {JenkinsProject.Label}, such as team/app."));
        }
        else if (JenkinsProject.Fault(name) is { } fault)
        {
            errors.Add(new FieldError(label, fault + "."));
        }

        CheckNames("jobSpec.parameters", spec.Parameters, errors);
        CheckNames("jobSpec.secretParameters", spec.SecretParameters, errors);
        return errors;
    }

    /// <summary>Says in one sentence what of this job its declaration in Jenkins does not take; null when it takes everything.</summary>
    public static string? Mismatch(BackendJob job, JenkinsProject project, JenkinsDeclaration declaration)
    {
        if (declaration.Buildable != true)
        {
            return declaration.Buildable == false
                ? $"the Jenkins job '{project.FullName}' is disabled or cannot be built"
                : $"'{project.FullName}' is a folder of Jenkins and no job";
        }

        var given = (job.Spec.Parameters ?? new Dictionary<string, string>()).Concat(job.Secrets).ToList();
        var unknown = given.Where(p => !declaration.Parameters.ContainsKey(p.Key)).Select(p => $"'{p.Key}'").ToList();
        if (unknown.Count > 0)
        {
            return $"the Jenkins job '{project.FullName}' does not declare the parameter{(unknown.Count > 1 ? "s" : string.Empty)} {string.Join(", ", unknown)}";
        }

        if (given.FirstOrDefault(p => declaration.Parameters[p.Key].IsFile) is { Key: { } file })
        {
            return $"the parameter '{file}' of the Jenkins job '{project.FullName}' is a file: attach a file of that name";
        }

        if (job.Secrets.Keys.FirstOrDefault(s => !declaration.Parameters[s].IsSecret) is { } open)
        {
            return $"the Jenkins job '{project.FullName}' would show the secret parameter '{open}': declare it there as a password parameter";
        }

        if (given.FirstOrDefault(p => declaration.Parameters[p.Key].Choices is { Count: > 0 } choices && !choices.Contains(p.Value)) is { Key: { } choice })
        {
            return $"the value of the parameter '{choice}' is none of the choices of the Jenkins job '{project.FullName}'";
        }

        return declaration.Takes(JenkinsRuntimeNames.CallbackUrl) && job.CallbackUrl is not null
            ? null
            : job.Files.FirstOrDefault(f => !declaration.IsFile(f.Name)) is { } unreachable
                ? $"the file '{unreachable.Name}' cannot reach the Jenkins job '{project.FullName}': it declares neither a file parameter of that name nor {JenkinsRuntimeNames.CallbackUrl}"
                : null;
    }

    private static void CheckNames(string map, IReadOnlyDictionary<string, string>? parameters, List<FieldError> errors)
    {
        foreach (var name in parameters?.Keys ?? [])
        {
            if (TakenNames.Contains(name, StringComparer.Ordinal))
            {
                errors.Add(new FieldError($"{map}.{name}", $"Jenkins reads '{name}' of a request itself; a parameter of that name cannot be set."));
            }
            else if (name.StartsWith("ASCOB_", StringComparison.Ordinal))
            {
                errors.Add(new FieldError($"{map}.{name}", "Names that begin with ASCOB_ are set by Ascob itself."));
            }
        }
    }
}
