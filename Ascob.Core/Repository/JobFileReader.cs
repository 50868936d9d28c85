using System.Globalization;
using Ascob.Core.Jobs;

namespace Ascob.Core.Repository;

/// <summary>Reads the jobs of a file.</summary>
internal sealed class JobFileReader
{
    private const int MostJobs = 500;
    private const int MostVariables = 200;
    private const int LongestCommand = 32_000;

    private static readonly string[] Keys =
        ["name", "description", "command", "cmdspec", "script", "timeout", "vars", "schedule", "env", "user", "group", "hooks"];

    private static readonly string[] VariableKeys = ["name", "type", "option", "values"];

    private readonly string _path;
    private readonly string _stem;
    private readonly IScriptFinder _scripts;
    private readonly NodeReader _read;
    private readonly ScheduleReader _schedules;
    private readonly HookReader _hooks;

    private JobFileReader(string path, IScriptFinder scripts, Func<string, bool>? isInside)
    {
        _path = path;
        _stem = JobFile.StemOf(path.Split('/')[^1]);
        _scripts = scripts;
        _read = new NodeReader(path);
        _schedules = new ScheduleReader(path);
        _hooks = new HookReader(_read, path, isInside);
    }

    /// <summary>Reads a file; what is wrong is in the answer.</summary>
    /// <param name="path">Its path in the repository.</param>
    /// <param name="content">What it holds.</param>
    /// <param name="scripts">Finds the programs that it names.</param>
    /// <param name="isInside">See <see cref="HookReader"/>.</param>
    public static JobFile Read(string path, ReadOnlySpan<byte> content, IScriptFinder scripts, Func<string, bool>? isInside = null)
    {
        try
        {
            var reader = new JobFileReader(path, scripts, isInside);
            var jobs = reader.ReadJobs(FileParser.Parse(path, content));
            return reader._read.Errors.Count > 0
                ? new JobFile(path, [], reader._read.Errors, [])
                : new JobFile(path, jobs, [], [.. reader._schedules.Errors, .. reader._hooks.Warnings]);
        }
        catch (FileFault e)
        {
            return new JobFile(path, [], [new FileError(path, e.Line, e.Message)], []);
        }
    }

    private List<RepositoryJob> ReadJobs(FileNode root)
    {
        IReadOnlyList<FileNode> items = root is ListNode list ? list.Items : [root];
        if (items.Count is 0 or > MostJobs)
        {
            throw new FileFault(root.Line, $"A file holds a job, or a list of 1 to {MostJobs} jobs.");
        }

        var jobs = new List<RepositoryJob>();
        for (var i = 0; i < items.Count; i++)
        {
            var usual = items.Count == 1 ? _stem : string.Create(CultureInfo.InvariantCulture, $"{_stem}-{i + 1}");
            if (items[i] is not MapNode map)
            {
                _read.Add(items[i].Line, "A job must be a mapping of its keys.");
                continue;
            }

            var job = ReadJob(map, usual);
            if (jobs.FirstOrDefault(j => string.Equals(j.Name, job.Name, StringComparison.Ordinal)) is { } first)
            {
                _read.Add(map.Line, $"The job '{job.Name}' is defined a second time; the first stands in line {first.Line}.");
            }

            jobs.Add(job);
        }

        return jobs;
    }

    private RepositoryJob ReadJob(MapNode map, string usualName)
    {
        _read.RefuseOthers(map, Keys);
        var job = new RepositoryJob { Name = usualName, File = _path, Line = map.Line };
        MapEntry? vars = null;
        foreach (var entry in map.Entries)
        {
            job = entry.Key switch
            {
                "name" => job with { Name = _read.Text(entry, 1000) ?? usualName },
                "description" => job with { Description = _read.Text(entry, JobSpecLimits.Description) },
                "timeout" => job with { TimeoutSeconds = _read.Seconds(entry, JobSpecLimits.LongestSeconds) },
                "env" => job with { Environment = ReadEnvironment(entry) },
                "user" => job with { User = ReadAccount(entry) },
                "group" => job with { Group = ReadAccount(entry) },
                "hooks" => job with { Hooks = _hooks.Read(entry) },
                "schedule" => job with { Schedule = _schedules.Read(entry) },
                _ => job,
            };
            vars = entry.Key == "vars" ? entry : vars;
        }

        if (JobNames.JobProblem(job.Name) is { } wrong)
        {
            _read.Add(map.Entries.FirstOrDefault(e => e.Key == "name")?.Line ?? map.Line, wrong);
        }

        job = job with { Variables = vars is null ? [] : ReadVariables(vars) };
        return ReadProgram(map, job);
    }

    private RepositoryJob ReadProgram(MapNode map, RepositoryJob job)
    {
        var programs = map.Entries.Where(e => e.Key is "command" or "cmdspec" or "script" && e.Value is not ScalarNode { IsNull: true }).ToList();
        if (programs.Count > 1)
        {
            _read.Add(programs[1].Line, $"A job has '{programs[0].Key}' or '{programs[1].Key}', not both.");
            return job;
        }

        if (programs is not [var program])
        {
            return job;
        }

        if (program.Key == "script")
        {
            var script = _read.Text(program, 1000);
            if (script is not null && _scripts.Problem(script) is { } problem)
            {
                _read.Add(program.Value.Line, problem);
            }

            return job with { Script = script };
        }

        var command = _read.Text(program, LongestCommand);
        if (command is not null)
        {
            CheckCommand(job, command, program.Value.Line);
        }

        return job with { Command = command };
    }

    private void CheckCommand(RepositoryJob job, string command, int line)
    {
        try
        {
            var template = CommandTemplate.Parse(command);
            template.Check(job.Variables);
        }
        catch (TemplateException e)
        {
            _read.Add(line, e.Message);
        }
    }

    private Dictionary<string, string> ReadEnvironment(MapEntry entry)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in _read.Map(entry)?.Entries ?? [])
        {
            if (one.Key.StartsWith("OVERSEER_", StringComparison.OrdinalIgnoreCase) || one.Key.StartsWith("ASCOB_", StringComparison.OrdinalIgnoreCase))
            {
                _read.Add(one.Line, $"'{YamlFile.Shown(one.Key)}' is reserved: names that begin with OVERSEER_ or ASCOB_ are set by the server.");
            }
            else if (JobNames.VariableProblem(one.Key) is not null || one.Key.Contains('-', StringComparison.Ordinal))
            {
                _read.Add(one.Line, $"'{YamlFile.Shown(one.Key)}' cannot name a variable of the environment: letters, digits and '_', not beginning with a digit.");
            }
            else
            {
                variables[one.Key] = _read.Text(one, JobSpecLimits.ParameterValueBytes / 4) ?? string.Empty;
            }
        }

        return variables;
    }

    private string? ReadAccount(MapEntry entry)
    {
        var name = _read.Text(entry, 64);
        if (name is not null && !(name.Length > 0 && name[0] != '-' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '$')))
        {
            _read.Add(entry.Value.Line, $"'{entry.Key}' must be the name of an account.");
            return null;
        }

        return name;
    }

    private List<JobVariable> ReadVariables(MapEntry entry)
    {
        var variables = new List<JobVariable>();
        var items = NodeReader.List(entry);
        if (items.Count > MostVariables)
        {
            _read.Add(entry.Line, $"A job has at most {MostVariables} variables; this one has {items.Count}.");
            return variables;
        }

        foreach (var item in items)
        {
            if (item is not MapNode map)
            {
                _read.Add(item.Line, "A variable must be a mapping with name, type, option and values.");
            }
            else if (ReadVariable(map) is { } variable)
            {
                if (variables.Find(v => string.Equals(v.EnvironmentName, variable.EnvironmentName, StringComparison.Ordinal)) is { } twin)
                {
                    _read.Add(map.Line, twin.Name == variable.Name
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
        _read.RefuseOthers(map, VariableKeys);
        string? name = null;
        VariableType? type = VariableType.Str;
        var option = false;
        IReadOnlyList<string> values = [];
        foreach (var entry in map.Entries)
        {
            switch (entry.Key)
            {
                case "name":
                    name = _read.Text(entry, 1000);
                    break;
                case "type":
                    type = ReadType(entry);
                    break;
                case "option":
                    option = _read.Flag(entry);
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
            _read.Add(map.Line, name is null ? "A variable needs a name." : JobNames.VariableProblem(name)!);
            return null;
        }

        CheckValues(map, name, type, values);
        return type is { } known ? new JobVariable(name, known, option, values) : null;
    }

    private void CheckValues(MapNode map, string name, VariableType? type, IReadOnlyList<string> values)
    {
        if (type == VariableType.Enum && values.Count == 0)
        {
            _read.Add(map.Line, $"The enumeration '{name}' needs its values.");
        }
        else if (type is { } other and not VariableType.Enum && values.Count > 0)
        {
            _read.Add(map.Line, $"Only an enumeration has values; '{name}' is of the type {other.ToString().ToLowerInvariant()}.");
        }
    }

    private VariableType? ReadType(MapEntry entry)
    {
        // The type of nothing is written as the word that means nothing.
        var text = entry.Value is ScalarNode { IsNull: true, Text.Length: > 0 } ? "null" : _read.Text(entry, 100);
        if (text is not null && text.All(char.IsAsciiLetterLower) && Enum.TryParse<VariableType>(text, ignoreCase: true, out var type))
        {
            return type;
        }

        if (text is not null)
        {
            _read.Add(entry.Value.Line, $"There is no type '{YamlFile.Shown(text)}'; types are {string.Join(", ", Enum.GetNames<VariableType>().Select(n => n.ToLowerInvariant()))}.");
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
                _read.Add(item.Line, "The values of an enumeration are texts of one line with at most 1000 characters.");
            }
            else if (!values.Contains(scalar.Text, StringComparer.Ordinal))
            {
                values.Add(scalar.Text);
            }
        }

        return values;
    }
}
