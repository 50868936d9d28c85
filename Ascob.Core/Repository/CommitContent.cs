namespace Ascob.Core.Repository;

/// <summary>What the files of a commit say.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Author">Who made it.</param>
/// <param name="Files">The files of jobs, in the order of their paths.</param>
/// <param name="Settings">The settings.</param>
internal sealed record CommitContent(string Commit, string Author, IReadOnlyList<JobFile> Files, SettingsFile Settings);
