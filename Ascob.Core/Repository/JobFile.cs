namespace Ascob.Core.Repository;

/// <summary>What a file of the repository says.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="Jobs">Its jobs; empty where <paramref name="Errors"/> say that it is broken.</param>
/// <param name="Errors">What is wrong with it: then none of it counts.</param>
/// <param name="Warnings">What is wrong with its schedules, and which of its hooks are not served: its jobs count, without them.</param>
internal sealed record JobFile(string Path, IReadOnlyList<RepositoryJob> Jobs, IReadOnlyList<FileError> Errors, IReadOnlyList<FileError> Warnings)
{
    private static readonly string[] Endings = [".yml", ".yaml", ".json"];

    /// <summary>The file of the settings that are no job.</summary>
    public const string Settings = "overseer";

    /// <summary>Answers whether a file at the root defines jobs, by its name.</summary>
    public static bool IsOne(string name) => IsRead(name) && !IsSettings(name);

    /// <summary>Answers whether a file at the root holds the settings.</summary>
    public static bool IsSettings(string name) => IsRead(name) && string.Equals(StemOf(name), Settings, StringComparison.Ordinal);

    /// <summary>Answers the name without its ending.</summary>
    public static string StemOf(string name) => name[..name.LastIndexOf('.')];

    private static bool IsRead(string name) => !name.StartsWith('.') && Endings.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase) && name.Length > e.Length);
}
