using System.Globalization;
using Ascob.Core.Definitions;

namespace Ascob.Core.Kuroko2;

/// <summary>The variables around a script that do not stand in it.</summary>
public static class ScriptVariables
{
    /// <summary>
    /// Answers what a run of a definition is told of itself, in kuroko2's words; null where the definition is none of kuroko2's. The number of the run is told by the program, which alone knows it.
    /// What the script sets, and what a client gives, comes before these.
    /// </summary>
    public static IReadOnlyDictionary<string, string>? Of(Definition definition, DateTimeOffset launchedAt)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return !definition.Content.Annotations.ContainsKey(ScriptFields.ScriptKey) ? null : new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["KUROKO2_JOB_DEFINITION_ID"] = definition.Id.ToString(CultureInfo.InvariantCulture),
            ["KUROKO2_JOB_DEFINITION_NAME"] = definition.Name,
            ["KUROKO2_LAUNCHED_TIME"] = launchedAt.ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Answers why a client may not set a variable; null when it may. What the shell backend refuses besides is refused by it.</summary>
    public static string? RefusedName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? "A name consists of letters, digits and '_'."
            : name.StartsWith(CompiledScript.ProgramVariable, StringComparison.Ordinal) ? $"The name {name} is reserved."
            : TaskOptions.RefusedName(name);
    }
}
