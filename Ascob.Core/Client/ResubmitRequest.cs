namespace Ascob.Core.Client;

/// <summary>Body of <c>POST /api/runs/{id}/resubmit</c>: what is different in the next run.</summary>
/// <param name="Submitter">Null keeps the old one.</param>
/// <param name="Parameters">Values that replace or add to the old ones; null for none.</param>
public sealed record ResubmitRequest(string? Submitter = null, IReadOnlyDictionary<string, string>? Parameters = null);
