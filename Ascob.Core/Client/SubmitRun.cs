using Ascob.Core.Jobs;

namespace Ascob.Core.Client;

/// <summary>Body of <c>POST /api/runs</c> and <c>POST /api/routing/explain</c>.</summary>
/// <param name="JobSpec">The job; null is refused.</param>
public sealed record SubmitRunRequest(JobSpec? JobSpec);

/// <summary>Answer of a submission.</summary>
/// <param name="RunId">The run's number.</param>
public sealed record SubmitRunResponse(long RunId);
