using System.Text.Json.Serialization;

namespace Ascob.Core.Client;

/// <summary>Body of <c>POST /api/runs/{id}/resubmit</c>: what is different in the next run. What is none of these members is refused.</summary>
/// <param name="Submitter">Null keeps the old one.</param>
/// <param name="Parameters">Values that replace or add to the old ones; null for none. Not for runs of definitions, whose values a launch checks.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ResubmitRequest(string? Submitter = null, IReadOnlyDictionary<string, string>? Parameters = null);

/// <summary>Answer of a resubmission.</summary>
/// <param name="RunId">The new run's number.</param>
/// <param name="Prevented">Whether the policy of the run's definition kept it from starting; the new run is <c>ABORTED</c> and says why.</param>
public sealed record ResubmitResponse(long RunId, bool Prevented = false);
