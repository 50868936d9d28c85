using System.Globalization;
using Ascob.Core.Jobs;

namespace Ascob.Core.Repository;

/// <summary>Reads the jobs of a file.</summary>
internal sealed class JobFileReader
{
    private const int MostJobs = 500;
    private const int LongestCommand = 32_000;

    private static readonly string[] Keys =
        ["name", "description", "command", "cmdspec", "script", "timeout", "vars", "schedule", "env", "user", "group", "hooks"];

    private readonly string _path;
    private readonly string _stem;
    private readonly IScriptFinder _scripts;
    private readonly NodeReader _read;
    private readonly ScheduleReader _schedules;
    private readonly HookReader _hooks;
    private readonly VariableReader _variables;

    private JobFileReader(string path, IScriptFinder scripts, Func<string, bool>? isInside)
    {
        _path = path;
        _stem = JobFile.StemOf(path.Split('/')[^1]);
        _scripts = scripts;
        _read = new NodeReader(path);
        _schedules = new ScheduleReader(path);
        _variables = new VariableReader(_read);
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

        job = job with { Variables = vars is null ? [] : _variables.Read(vars) };
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
}
