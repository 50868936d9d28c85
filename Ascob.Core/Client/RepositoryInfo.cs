using System.Text.Json.Serialization;

namespace Ascob.Core.Client;

/// <summary>Answer of <c>GET /api/repository</c>.</summary>
/// <param name="Configured">Whether there is a repository.</param>
/// <param name="State"><c>none</c>, <c>waiting</c> (not looked at yet), <c>current</c>, <c>behind</c> (a commit waits to be applied) or <c>unreachable</c>.</param>
/// <param name="Problem">Why it cannot be reached; null where it can.</param>
/// <param name="Commit">The commit that holds; null before the first.</param>
/// <param name="Author">Who made it.</param>
/// <param name="AppliedAt">When it was applied.</param>
/// <param name="AppliedBy">The server that applied it.</param>
/// <param name="Rewritten">Whether it did not follow from the one before it: the history was rewritten.</param>
/// <param name="Tip">Where the branch stood when this server looked last.</param>
/// <param name="LookedAt">When this server looked last.</param>
/// <param name="Jobs">How many jobs there are.</param>
/// <param name="Errors">What is wrong in the files of the commit.</param>
public sealed record RepositoryInfo(
    bool Configured,
    string State,
    string? Problem,
    string? Commit,
    string? Author,
    DateTimeOffset? AppliedAt,
    string? AppliedBy,
    bool Rewritten,
    string? Tip,
    DateTimeOffset? LookedAt,
    int Jobs,
    IReadOnlyList<RepositoryError> Errors);

/// <summary>Something that is wrong in a file of the repository.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line, from 1; null where the file as a whole is meant.</param>
/// <param name="Message">What is wrong.</param>
public sealed record RepositoryError(string File, int? Line, string Message);

/// <summary>Body of <c>POST /api/repository/refresh</c>; need not be there.</summary>
/// <param name="Commit">The commit that must be the latest, such as that of the plan; null for whichever it is.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RefreshRepositoryRequest(string? Commit = null);

/// <summary>What a commit changes or has changed.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Changes">What becomes of each job, by name.</param>
/// <param name="Errors">What is wrong in its files.</param>
public sealed record RepositoryPlanInfo(string Commit, IReadOnlyList<RepositoryChange> Changes, IReadOnlyList<RepositoryError> Errors);

/// <summary>What becomes of a job.</summary>
/// <param name="Job">The job.</param>
/// <param name="File">Its file.</param>
/// <param name="Change"><c>added</c>, <c>changed</c>, <c>removed</c>, <c>unchanged</c>, or <c>kept</c> (as it was, because its file has errors).</param>
public sealed record RepositoryChange(string Job, string File, string Change);
