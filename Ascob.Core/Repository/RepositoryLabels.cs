using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Core.Repository;

/// <summary>The labels of the runs of repository jobs.</summary>
internal static class RepositoryLabels
{
    /// <summary>The source of the definitions of these jobs: they are changed by commits only.</summary>
    public const string Source = "git";

    /// <summary>Names the job.</summary>
    public const string Job = "overseer_job";

    /// <summary>Names the commit in whose files the job runs.</summary>
    public const string Commit = "shell_commit";

    /// <summary>Names the account that the job must run as.</summary>
    public const string User = "shell_user";

    /// <summary>Names the group that the job must run as.</summary>
    public const string Group = "shell_group";

    /// <summary>The command.</summary>
    public const string Command = "shell_command";

    // Hooks and executions go by them: who could set them could have a job of one's own pass for one of the repository.
    private static readonly string[] ServersOwn = [Job, Commit];

    /// <summary>Answers what is wrong with a job that was not made of the repository's: it holds a label that the server alone sets.</summary>
    public static IEnumerable<FieldError> Refuse(JobSpec spec) => ServersOwn
        .Where(l => spec.Labels?.ContainsKey(l) == true)
        .Select(l => new FieldError(FieldErrorList.Member("jobSpec.labels", l), "is set by the server only, for jobs of its repository; run one by POST /jobs/NAME."));

    /// <summary>Answers what a job is told of its execution.</summary>
    public static IReadOnlyDictionary<string, string> Facts(Run run, string? publicUrl)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (run.Spec.Label(Job) is not { } job)
        {
            return facts;
        }

        var execution = ExecutionIds.Of(run);
        facts["OVERSEER_JOB"] = job;
        facts["OVERSEER_EXECUTION"] = execution;
        if (publicUrl is not null)
        {
            facts["OVERSEER_URL"] = ExecutionUrl(publicUrl, job, execution);
        }

        return facts;
    }

    /// <summary>Answers the address of an execution.</summary>
    public static string ExecutionUrl(string publicUrl, string job, string execution) => $"{publicUrl.TrimEnd('/')}/jobs/{Uri.EscapeDataString(job)}/{execution}";
}
