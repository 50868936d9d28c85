namespace Ascob.Core.Repository;

/// <summary>The settings of <c>overseer.yml</c>.</summary>
/// <param name="Hooks">The addresses for the events of all jobs.</param>
/// <param name="JobHooks">Those of single jobs, by name.</param>
/// <param name="Errors">What is wrong: then none of it counts.</param>
internal sealed record SettingsFile(
    IReadOnlyDictionary<string, IReadOnlyList<string>> Hooks,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> JobHooks,
    IReadOnlyList<FileError> Errors)
{
    private static readonly string[] Keys = ["hooks", "jobs"];

    private static readonly string[] JobKeys = ["hooks"];

    /// <summary>Gets what is wrong with single hooks: the rest counts.</summary>
    public IReadOnlyList<FileError> Warnings { get; init; } = [];

    /// <summary>Gets the settings of a repository without the file.</summary>
    public static SettingsFile None { get; } = new(
        new Dictionary<string, IReadOnlyList<string>>(), new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>(), []);

    /// <summary>Reads the file.</summary>
    /// <param name="path">Its path in the repository.</param>
    /// <param name="content">What it holds.</param>
    /// <param name="isInside">See <see cref="HookReader"/>.</param>
    public static SettingsFile Read(string path, ReadOnlySpan<byte> content, Func<string, bool>? isInside = null)
    {
        try
        {
            var read = new NodeReader(path);
            var reader = new HookReader(read, path, isInside);
            var root = FileParser.Parse(path, content);
            if (root is ScalarNode { IsNull: true })
            {
                return None;
            }

            if (root is not MapNode map)
            {
                throw new FileFault(root.Line, "The settings are a mapping.");
            }

            read.RefuseOthers(map, Keys);
            var hooks = map.Entries.FirstOrDefault(e => e.Key == "hooks") is { } general ? reader.Read(general) : [];
            var settings = new SettingsFile(hooks, ReadJobs(map, read, reader), read.Errors) { Warnings = reader.Warnings };
            return settings.Errors.Count > 0 ? None with { Errors = settings.Errors } : settings;
        }
        catch (FileFault e)
        {
            return None with { Errors = [new FileError(path, e.Line, e.Message)] };
        }
    }

    private static Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> ReadJobs(MapNode map, NodeReader read, HookReader reader)
    {
        var jobs = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>(StringComparer.Ordinal);
        var entries = map.Entries.FirstOrDefault(e => e.Key == "jobs") is { } all ? read.Map(all)?.Entries ?? [] : [];
        foreach (var entry in entries)
        {
            if (read.Map(entry) is { } job)
            {
                read.RefuseOthers(job, JobKeys);
                jobs[entry.Key] = job.Entries.FirstOrDefault(e => e.Key == "hooks") is { } own ? reader.Read(own) : [];
            }
        }

        return jobs;
    }
}
