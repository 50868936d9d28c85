namespace Ascob.Core.Jobs;

/// <summary>Builds a <see cref="JobSpec"/>.</summary>
public sealed class JobSpecBuilder(string? submitter)
{
    /// <summary>Builds the job.</summary>
    public JobSpec Build() => new() { Submitter = submitter };
}
