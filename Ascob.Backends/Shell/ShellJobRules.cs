using System.Text;
using System.Text.Json;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Backends.Shell;

/// <summary>What a shell job must look like.</summary>
internal static class ShellJobRules
{
    public const string Command = "shell_command";
    public const string Executable = "shell_executable";
    public const string Arguments = "shell_arguments";
    public const string Commit = "shell_commit";
    public const string User = "shell_user";
    public const string Group = "shell_group";

    // The kernel takes 32 pages for one string with its end, and usually 2 MiB for all of them with their pointers.
    private const int MaxStringBytes = (128 * 1024) - 1;
    private const int MaxTotalBytes = (2 * 1024 * 1024) - (128 * 1024);

    public static IReadOnlyList<FieldError> Validate(JobSpec spec, ShellSettings settings)
    {
        var errors = new List<FieldError>();
        CheckProgram(spec, settings, errors);
        if (spec.Label(Commit) is { } commit && !(commit.Length == 40 && commit.All(char.IsAsciiHexDigitLower)))
        {
            errors.Add(Field(Commit, "A commit is named by its 40 hexadecimal digits in lower case."));
        }

        CheckParameters("jobSpec.parameters", spec.Parameters, errors);
        CheckParameters("jobSpec.secretParameters", spec.SecretParameters, errors);
        return errors;
    }

    /// <summary>Reads <c>shell_arguments</c>; null when it is not a JSON array of strings.</summary>
    public static string[]? TryReadArguments(string? json)
    {
        if (json is null)
        {
            return [];
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Array && document.RootElement.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
                ? [.. document.RootElement.EnumerateArray().Select(e => e.GetString()!)]
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Answers what the kernel would not take of these arguments and variables; null when all is well.</summary>
    public static string? CheckSizes(IEnumerable<string> arguments, IEnumerable<string> environment)
    {
        long total = 0;
        foreach (var text in arguments.Concat(environment))
        {
            var bytes = Encoding.UTF8.GetByteCount(text);
            if (text.Contains('\0', StringComparison.Ordinal))
            {
                return "An argument or a parameter holds a NUL character, which no program can receive.";
            }

            if (bytes > MaxStringBytes)
            {
                return $"An argument or a parameter with its name is {bytes} bytes long; the system takes {MaxStringBytes}. Attach a file instead.";
            }

            total += bytes + 1 + sizeof(long);
        }

        return total > MaxTotalBytes ? $"The arguments and parameters together are {total} bytes long; the system takes {MaxTotalBytes}. Attach a file instead." : null;
    }

    private static void CheckProgram(JobSpec spec, ShellSettings settings, List<FieldError> errors)
    {
        var command = spec.Label(Command);
        var executable = spec.Label(Executable);
        switch (command, executable)
        {
            case ({ } text, _) when spec.RuntimeVariables && text.Contains("%%SUBMITTER%%", StringComparison.Ordinal):
                // The shell would read the name of whoever submits as a part of its program.
                errors.Add(Field(Command, "%%SUBMITTER%% may not stand in a command; the job finds it in $ASCOB_SUBMITTER."));
                break;
            case (null, null):
                errors.Add(Field(Command, $"A shell job needs the label {Command} (text for a shell) or {Executable} (an allowed program)."));
                break;
            case ({ }, { }):
                errors.Add(Field(Executable, $"A shell job has either {Command} or {Executable}, not both."));
                break;
            case ({ } text, null):
                CheckCommand(text, spec, settings, errors);
                break;
            case (null, { } name):
                CheckExecutable(name, spec, settings, errors);
                break;
        }
    }

    private static void CheckCommand(string text, JobSpec spec, ShellSettings settings, List<FieldError> errors)
    {
        if (!settings.InlineCommands)
        {
            errors.Add(Field(Command, "This backend does not run inline commands; name an allowed program with shell_executable."));
        }

        if (spec.Label(Arguments) is not null)
        {
            errors.Add(Field(Arguments, $"Arguments go with {Executable}; a command gets its values as parameters."));
        }

        CheckText(Field(Command, string.Empty).Field, text, errors);
    }

    private static void CheckExecutable(string name, JobSpec spec, ShellSettings settings, List<FieldError> errors)
    {
        if (settings.ExecutablesDirectory is null)
        {
            errors.Add(Field(Executable, "This backend has no ExecutablesDirectory, so it runs no programs by name."));
        }

        if (ExecutablePath.CheckName(name) is { } wrong)
        {
            errors.Add(Field(Executable, wrong));
        }

        var arguments = TryReadArguments(spec.Label(Arguments));
        if (arguments is null)
        {
            errors.Add(Field(Arguments, "The arguments must be a JSON array of strings, such as [\"--fast\", \"a b\"]."));
            return;
        }

        foreach (var argument in arguments)
        {
            CheckText(Field(Arguments, string.Empty).Field, argument, errors);
        }
    }

    private static void CheckParameters(string path, IReadOnlyDictionary<string, string>? parameters, List<FieldError> errors)
    {
        long total = 0;
        foreach (var (name, value) in parameters ?? new Dictionary<string, string>())
        {
            if (EnvironmentNames.Check(name) is { } wrong)
            {
                errors.Add(new FieldError($"{path}.{name}", wrong));
            }

            CheckText($"{path}.{name}", $"{name}={value}", errors);
            total += Encoding.UTF8.GetByteCount(value) + name.Length;
        }

        if (total > MaxTotalBytes)
        {
            errors.Add(new FieldError(path, $"The parameters together are {total} bytes long; the system takes {MaxTotalBytes}. Attach a file instead."));
        }
    }

    private static void CheckText(string field, string text, List<FieldError> errors)
    {
        if (CheckSizes([text], []) is { } wrong)
        {
            errors.Add(new FieldError(field, wrong));
        }
    }

    private static FieldError Field(string label, string message) => new($"jobSpec.labels.{label}", message);
}
