using Ascob.Core.Jobs;

namespace Ascob.Core.Repository;

/// <summary>Reads the variables of a job.</summary>
internal sealed class VariableReader(NodeReader read)
{
    private const int MostVariables = 200;

    private static readonly string[] Keys = ["name", "type", "option", "values"];

    /// <summary>Reads the variables in the order of their declaration.</summary>
    public IReadOnlyList<JobVariable> Read(MapEntry entry)
    {
        var variables = new List<JobVariable>();
        var items = NodeReader.List(entry);
        if (items.Count > MostVariables)
        {
            read.Add(entry.Line, $"A job has at most {MostVariables} variables; this one has {items.Count}.");
            return variables;
        }

        foreach (var item in items)
        {
            if (item is not MapNode map)
            {
                read.Add(item.Line, "A variable must be a mapping with name, type, option and values.");
            }
            else if (ReadVariable(map) is { } variable)
            {
                if (variables.Find(v => string.Equals(v.EnvironmentName, variable.EnvironmentName, StringComparison.Ordinal)) is { } twin)
                {
                    read.Add(map.Line, twin.Name == variable.Name
                        ? $"The variable '{variable.Name}' is declared a second time."
                        : $"The variables '{twin.Name}' and '{variable.Name}' would both be {variable.EnvironmentName} in the environment.");
                }

                variables.Add(variable);
            }
        }

        return variables;
    }

    private JobVariable? ReadVariable(MapNode map)
    {
        read.RefuseOthers(map, Keys);
        string? name = null;
        VariableType? type = VariableType.Str;
        var option = false;
        IReadOnlyList<string> values = [];
        foreach (var entry in map.Entries)
        {
            switch (entry.Key)
            {
                case "name":
                    name = read.Text(entry, 1000);
                    break;
                case "type":
                    type = ReadType(entry);
                    break;
                case "option":
                    option = read.Flag(entry);
                    break;
                case "values":
                    values = ReadValues(entry);
                    break;
                default:
                    break;
            }
        }

        if (name is null || JobNames.VariableProblem(name) is not null)
        {
            read.Add(map.Line, name is null ? "A variable needs a name." : JobNames.VariableProblem(name)!);
            return null;
        }

        CheckValues(map, name, type, values);
        return type is { } known ? new JobVariable(name, known, option, values) : null;
    }

    private void CheckValues(MapNode map, string name, VariableType? type, IReadOnlyList<string> values)
    {
        if (type == VariableType.Enum && values.Count == 0)
        {
            read.Add(map.Line, $"The enumeration '{name}' needs its values.");
        }
        else if (type is { } other and not VariableType.Enum && values.Count > 0)
        {
            read.Add(map.Line, $"Only an enumeration has values; '{name}' is of the type {other.ToString().ToLowerInvariant()}.");
        }
    }

    private VariableType? ReadType(MapEntry entry)
    {
        // The type of nothing is written as the word that means nothing.
        var text = entry.Value is ScalarNode { IsNull: true, Text.Length: > 0 } ? "null" : read.Text(entry, 100);
        if (text is not null && text.All(char.IsAsciiLetterLower) && Enum.TryParse<VariableType>(text, ignoreCase: true, out var type))
        {
            return type;
        }

        if (text is not null)
        {
            read.Add(entry.Value.Line, $"There is no type '{YamlFile.Shown(text)}'; types are {string.Join(", ", Enum.GetNames<VariableType>().Select(n => n.ToLowerInvariant()))}.");
        }

        return text is null ? VariableType.Str : null;
    }

    private List<string> ReadValues(MapEntry entry)
    {
        var values = new List<string>();
        foreach (var item in NodeReader.List(entry))
        {
            if (item is not ScalarNode scalar || scalar.Text.Length > 1000 || TextRules.Line(scalar.Text) is not null)
            {
                read.Add(item.Line, "The values of an enumeration are texts of one line with at most 1000 characters.");
            }
            else if (!values.Contains(scalar.Text, StringComparer.Ordinal))
            {
                values.Add(scalar.Text);
            }
        }

        return values;
    }
}
