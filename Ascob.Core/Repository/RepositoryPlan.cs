using System.Text.Json;
using Ascob.Core.Notifications;

namespace Ascob.Core.Repository;

/// <summary>What a commit would change. Pure: made of what holds and of what the commit says.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Changes">What becomes of each job, by name.</param>
/// <param name="Next">The state after it.</param>
internal sealed record RepositoryPlan(string Commit, IReadOnlyList<JobChange> Changes, RepositoryState Next)
{
    /// <summary>The most jobs of a repository: the state is one document, which is replaced as a whole.</summary>
    public const int MostJobs = 2000;

    /// <summary>Makes the plan. A file with errors leaves its jobs as they are; the first of two jobs of one name counts.</summary>
    public static RepositoryPlan Make(RepositoryState now, CommitContent content)
    {
        var errors = new List<FileError>([.. content.Settings.Errors, .. content.Settings.Warnings]);
        var next = new SortedDictionary<string, KnownJob>(StringComparer.Ordinal);
        var broken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in content.Files)
        {
            errors.AddRange(file.Errors.Concat(file.Warnings));
            if (file.Errors.Count > 0)
            {
                broken.Add(file.Path);
            }
        }

        KeepJobsOf(broken, now, next);
        var settingsHold = content.Settings.Errors.Count == 0;
        var jobHooks = settingsHold ? content.Settings.JobHooks : KnownJobHooks(now);
        var before = now.Jobs.Values.CountBy(j => j.Job.File).ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal);
        var total = content.Files.Sum(f => before.GetValueOrDefault(f.Path));
        foreach (var file in content.Files.Where(f => f.Errors.Count == 0))
        {
            // A file is taken as a whole or not at all.
            var taken = file.Jobs.Select(j => (Job: j, Other: next.GetValueOrDefault(j.Name))).Where(t => t.Other is not null).ToList();
            if (taken.Count > 0)
            {
                errors.AddRange(taken.Select(t => new FileError(file.Path, t.Job.Line, $"There is a job '{t.Job.Name}' in {t.Other!.Job.File} already; nothing of this file is taken.")));
                KeepJobsOf([file.Path], now, next);
                continue;
            }

            // Counted with what the files after this one had before, so that no row of commits makes it grow for ever.
            var grown = total - before.GetValueOrDefault(file.Path) + file.Jobs.Count;
            if (grown > MostJobs && file.Jobs.Count > before.GetValueOrDefault(file.Path))
            {
                errors.Add(new FileError(file.Path, null, $"A repository has at most {MostJobs} jobs; with this file it would have {grown}. Nothing of it is taken."));
                KeepJobsOf([file.Path], now, next);
                continue;
            }

            total = grown;
            foreach (var job in file.Jobs)
            {
                next[job.Name] = new KnownJob(WithHooks(job, jobHooks), content.Commit, content.Author, now.Jobs.GetValueOrDefault(job.Name)?.Active ?? true);
            }
        }

        if (RepositoryHooks.Problem(settingsHold ? content.Settings.Hooks : now.Hooks, next.Values.Select(j => j.Job)) is { } tooMany)
        {
            errors.Add(new FileError($"{JobFile.Settings}.yml", null, tooMany));
        }

        var state = now with
        {
            Commit = content.Commit,
            Author = content.Author,
            Jobs = next,
            Errors = [.. errors.OrderBy(e => e.File, StringComparer.Ordinal).ThenBy(e => e.Line ?? 0)],
            Hooks = settingsHold ? content.Settings.Hooks : now.Hooks,
            JobHooks = jobHooks,
        };
        return new RepositoryPlan(content.Commit, [.. Compare(now, next, content.Commit)], state);
    }

    /// <summary>Makes the plan of what holds already.</summary>
    public static RepositoryPlan OfNothing(RepositoryState now) => new(
        now.Commit!, [.. now.Jobs.OrderBy(j => j.Key, StringComparer.Ordinal).Select(j => new JobChange(j.Key, j.Value.Job.File, j.Value.Commit == now.Commit ? JobChangeKind.Unchanged : JobChangeKind.Kept))], now);

    private static void KeepJobsOf(HashSet<string> files, RepositoryState now, SortedDictionary<string, KnownJob> next)
    {
        foreach (var (name, known) in now.Jobs.Where(j => files.Contains(j.Value.Job.File)))
        {
            next.TryAdd(name, known);
        }
    }

    private static RepositoryJob WithHooks(RepositoryJob job, IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> hooks) =>
        hooks.TryGetValue(job.Name, out var own) && own.Count > 0 && job.Hooks.Count == 0 ? job with { Hooks = own } : job;

    // An older state does not tell whether hooks came from the settings; better one too many than a message that nobody gets.
    private static IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> KnownJobHooks(RepositoryState now) =>
        now.JobHooks ?? now.Jobs.Where(j => j.Value.Job.Hooks.Count > 0).ToDictionary(j => j.Key, j => j.Value.Job.Hooks, StringComparer.Ordinal);

    private static IEnumerable<JobChange> Compare(RepositoryState now, SortedDictionary<string, KnownJob> next, string commit)
    {
        foreach (var name in now.Jobs.Keys.Concat(next.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (before, after) = (now.Jobs.GetValueOrDefault(name), next.GetValueOrDefault(name));
            yield return (before, after) switch
            {
                (_, null) => new JobChange(name, before!.Job.File, JobChangeKind.Removed),
                (null, _) => new JobChange(name, after.Job.File, JobChangeKind.Added),
                _ when after.Commit != commit => new JobChange(name, after.Job.File, JobChangeKind.Kept),
                _ when !IsSame(before.Job, after.Job) => new JobChange(name, after.Job.File, JobChangeKind.Changed),
                _ => new JobChange(name, after.Job.File, JobChangeKind.Unchanged),
            };
        }
    }

    private static bool IsSame(RepositoryJob one, RepositoryJob other) => string.Equals(Text(one), Text(other), StringComparison.Ordinal);

    // Where in its file a job stands says nothing about what it is.
    private static string Text(RepositoryJob job) => JsonSerializer.Serialize(
        job with { File = string.Empty, Line = 0, Schedule = [.. job.Schedule.Select(s => s with { Line = 0 })] }, RepositoryJson.Default.RepositoryJob);
}

/// <summary>What becomes of a job.</summary>
/// <param name="Name">The job.</param>
/// <param name="File">Its file.</param>
/// <param name="Kind">What.</param>
internal sealed record JobChange(string Name, string File, JobChangeKind Kind);

/// <summary>See <see cref="JobChange"/>.</summary>
internal enum JobChangeKind
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It is another one now.</summary>
    Changed,

    /// <summary>It is no longer there.</summary>
    Removed,

    /// <summary>It is the same; it runs in the files of the new commit.</summary>
    Unchanged,

    /// <summary>Its file has errors: it stays as it was.</summary>
    Kept,
}
