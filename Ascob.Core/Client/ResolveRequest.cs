using Ascob.Core.Runs;

namespace Ascob.Core.Client;

/// <summary>Body of <c>POST /api/runs/{id}/resolve</c>: a person's verdict on a run in doubt.</summary>
/// <param name="Verdict">What is true; required.</param>
/// <param name="BackendKeys">What finds the job, for <see cref="ResolutionVerdict.Adopt"/>.</param>
/// <param name="Reason">Why, for the timeline; required.</param>
public sealed record ResolveRequest(ResolutionVerdict? Verdict, IReadOnlyDictionary<string, string>? BackendKeys, string? Reason);
